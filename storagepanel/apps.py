from django.apps import AppConfig


class StoragepanelConfig(AppConfig):
    name = "storagepanel"

    def ready(self) -> None:
        from storagepanel.checks import refuse_unsafe_start  # registers the checks

        refuse_unsafe_start()
