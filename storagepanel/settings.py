"""Settings, from the environment only. Every variable is in the README's table; a bad value stops the start with its name.

`NAME_FILE` may name a file that holds the value of a secret `NAME`.
"""

from __future__ import annotations

import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

VAR_DIR = Path(env.str("PANEL_VAR", default=str(BASE_DIR / "var")))


def secret(name: str, default_file: str) -> str:
    """Read a secret from NAME, else from the file NAME_FILE, else from var/`default_file`; "" when there is none."""
    if value := env.str(name, default=""):
        return str(value)
    path = Path(env.str(f"{name}_FILE", default="") or VAR_DIR / default_file)
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        if f"{name}_FILE" in os.environ:
            raise ImproperlyConfigured(f"{name}_FILE names {path}, which does not exist.") from None
        return ""


DEBUG = env.bool("PANEL_DEBUG", default=False)
# Made by `./panel up` on the first start. The fallback serves commands that need no secret (checks, tests) and is refused by check --deploy.
SECRET_KEY = secret("SECRET_KEY", "keys/secret-key") or "insecure-until-the-first-start"
# The loopback names are what health checks on this machine ask for.
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *env.list("PANEL_HOSTS", default=[])]
BASE_URL = env.str("PANEL_URL", default="")
CSRF_TRUSTED_ORIGINS = env.list("PANEL_ORIGINS", default=[BASE_URL] if BASE_URL else [])
HTTPS = BASE_URL.startswith("https://")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "template_partials.apps.SimpleAppConfig",
    "csp",
    "axes",
    "storagepanel",
    "clusters",
    "provisioning",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "storagepanel.middleware.client_address",
    "storagepanel.middleware.request_id",
    "storagepanel.middleware.no_nul",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "storagepanel.middleware.SignInFirst",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "storagepanel.middleware.page_for_405",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "storagepanel.urls"
WSGI_APPLICATION = "storagepanel.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "storagepanel.context.panel",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": ["template_partials.templatetags.partials", "clusters.templatetags.panel"],
        },
    }
]

if database_url := secret("DATABASE_URL", "database-url"):
    DATABASES = {"default": environ.Env.db_url_config(database_url)}
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["CONN_MAX_AGE"] = 60
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": VAR_DIR / "panel.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
            "TEST": {"NAME": None},
        }
    }

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "fleet"
LOGOUT_REDIRECT_URL = "sign-in"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "clusters.views.errors.locked_out"
CSRF_FAILURE_VIEW = "clusters.views.errors.csrf_failure"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
DISPLAY_TIME_ZONE = env.str("PANEL_TIME_ZONE", default="UTC")
USE_TZ = True
USE_I18N = False

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if env.bool("PANEL_MANIFEST_STATIC", default=False)
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz/$"]  # asked for on the machine itself
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
BEHIND_PROXY = env.bool("PANEL_BEHIND_PROXY", default=False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}

# The queue is only a doorbell: a message carries an id, the truth is in the database.
REDIS_URL = secret("REDIS_URL", "redis-url") or f"unix://{VAR_DIR}/run/redis.sock"
CELERY = {
    "broker_url": REDIS_URL.replace("unix://", "redis+socket://"),
    "task_ignore_result": True,
    "task_serializer": "json",
    "accept_content": ["json"],
    "timezone": "UTC",
    "worker_prefetch_multiplier": 1,
    "task_acks_late": False,
    "broker_connection_retry_on_startup": True,
    "broker_transport_options": {"socket_timeout": 5, "socket_connect_timeout": 1, "visibility_timeout": 3600},
    "task_publish_retry": False,
    "task_default_queue": "jobs",
    "task_routes": {
        "probes.*": {"queue": "probes"},
        "jobs.*": {"queue": "jobs"},
    },
    "worker_hijack_root_logger": False,
    "worker_send_task_events": False,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "beat_schedule": {
        "ring the doorbell again": {"task": "jobs.sweep", "schedule": 10.0, "options": {"expires": 10}},
        "take snapshots by schedule": {"task": "jobs.schedules", "schedule": 20.0, "options": {"expires": 20}},
        "carry batches on": {"task": "jobs.batches", "schedule": 3.0, "options": {"expires": 3}},
        "read every pair": {"task": "probes.sweep", "schedule": 5.0, "options": {"expires": 5}},
    },
}

# The workers' key pair: sealed boxes are made with the public half, which the web has; only the workers have the private half.
WORKER_PUBLIC_KEY = secret("WORKER_PUBLIC_KEY", "keys/worker.pub")
WORKER_PRIVATE_KEY_FILE = Path(env.str("WORKER_PRIVATE_KEY_FILE", default=str(VAR_DIR / "keys" / "worker.key")))

ROLE = env.str("PANEL_ROLE", default="")  # which part this process is; set by the launcher
DEMO = env.bool("PANEL_DEMO", default=False)
PLAN_VALID_MINUTES = 30
JOB_LEASE_SECONDS = env.int("PANEL_JOB_LEASE", default=20)
SIMULATED_COMMAND_SECONDS = env.float("PANEL_SIMULATED_COMMAND_SECONDS", default=0.3)
SWEEP_WORKERS = env.int("PANEL_SWEEP_THREADS", default=16)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("PANEL_LOG_LEVEL", default="WARNING")},
    "loggers": {
        name: {"level": env.str("PANEL_LOG_LEVEL", default="INFO")}
        for name in ("storagepanel", "clusters", "provisioning")
    },
}
