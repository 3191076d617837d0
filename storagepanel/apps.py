from django.apps import AppConfig


class StoragepanelConfig(AppConfig):
    name = "storagepanel"
