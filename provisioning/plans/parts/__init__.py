"""The parts a plan is put together from: each gives the steps of one layer, already-true ones marked `unchanged`. Pure."""
