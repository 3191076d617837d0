import os

from django.core.wsgi import get_wsgi_application

from storagepanel import warm

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "storagepanel.settings")
application = get_wsgi_application()
warm.up()  # before gunicorn forks: the workers then share the memory
