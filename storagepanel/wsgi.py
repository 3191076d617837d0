import gc
import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "storagepanel.settings")
application = get_wsgi_application()
# Every page is loaded, and kept out of the garbage collector's hands, before gunicorn forks: the workers then share the memory.
import_module(settings.ROOT_URLCONF)
gc.freeze()
