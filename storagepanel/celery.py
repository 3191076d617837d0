"""The Celery application. The web process sends tasks by name through it and never imports them."""

import os

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "storagepanel.settings")

app = Celery("storagepanel")
app.conf.update(settings.CELERY)
