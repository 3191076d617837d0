"""Print what the set-up of a pair would do now, as a transcript. Reads both nodes, changes nothing."""

from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from clusters.models import Cluster
from provisioning.ha import BACKENDS
from provisioning.intents import ProvisionCluster
from provisioning.observing import observe
from provisioning.plans import provision
from provisioning.snapshot import Incomplete, desired_of
from provisioning.steps import transcript
from provisioning.transport.choose import world_for
from provisioning.transport.world import NodeError


class Command(BaseCommand):
    help = "Print the set-up plan of a cluster from a fresh reading of its nodes. Needs the workers' key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cluster", help="the cluster's slug")

    def handle(self, *args: object, **options: str) -> None:
        cluster = Cluster.objects.filter(slug=options["cluster"]).first()
        if cluster is None:
            raise CommandError(f"There is no cluster {options['cluster']}.")
        world = world_for(cluster)
        try:
            desired = desired_of(cluster)
            observed = observe(world, cluster, desired)
        except (Incomplete, NodeError) as problem:
            raise CommandError(str(problem)) from problem
        finally:
            world.close()
        plan = provision.plan(ProvisionCluster(cluster.slug), desired, observed, BACKENDS[cluster.manager])
        for finding in plan.findings:
            if finding.severity != "ok":
                self.stdout.write(f"{finding.severity}: {finding.code} {finding.text}")
        self.stdout.write(transcript(plan), ending="")
