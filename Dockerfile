# Debian's own Python is the one the lock file is made for and the tests run on.
FROM debian:12-slim

RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ca-certificates postgresql-client python3 python3-pip \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/storagepanel
ENV PANEL_VENV=/opt/storagepanel-venv PANEL_PYTHON=/opt/storagepanel-venv/bin/python PATH=/opt/storagepanel-venv/bin:/usr/bin:/bin \
    PYTHONPATH=/opt/storagepanel PYTHONUNBUFFERED=1 PANEL_VAR=/var/lib/storagepanel DJANGO_SETTINGS_MODULE=storagepanel.settings

# The packages are a layer of their own: it changes with the lock only.
COPY requirements.lock requirements-dev.lock requirements-uv.lock ./
COPY storagepanel/__init__.py storagepanel/
COPY storagepanel/launcher storagepanel/launcher
RUN PANEL_PYTHON= /usr/bin/python3 -c "from storagepanel.launcher import install; install.ensure('run')" && rm -rf /root/.cache
COPY . .
RUN python -m compileall -q clusters provisioning storagepanel \
 && groupadd --gid 10001 panel && useradd --uid 10001 --gid panel --no-create-home --home-dir /var/lib/storagepanel panel \
 && install --directory --owner panel --group panel --mode 0700 /var/lib/storagepanel

USER panel
EXPOSE 8000
CMD ["python", "-m", "storagepanel.launcher.parts", "web"]
