"""Settings, all from the environment. Without any, this is the embedded mode: SQLite and one process on loopback."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.environment import choice, database, env, json_object, mail, number
from config.logs import logging_config
from config.secretfile import BYTES, load_or_create

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Where it runs -----------------------------------------------------------------------------------------------
DATA_DIR = Path(env("COUNTERSIGN_DATA", default=str(BASE_DIR / "var"))).resolve()
PORT = number("PORT", 8000)
PRODUCTION = env.bool("COUNTERSIGN_PRODUCTION", default=False)
DEBUG = env.bool("DEBUG", default=False)
REDIS_URL = env("REDIS_URL", default="")
BASE_URL = env("BASE_URL", default="" if PRODUCTION else f"http://127.0.0.1:{PORT}").rstrip("/")
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]", urlsplit(BASE_URL).hostname or ""]
)
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
SITE_IS_HTTPS = BASE_URL.startswith("https://")


def _secret(name: str) -> str:
    given = env(name, default="")
    if given:
        return str(given)
    if PRODUCTION:
        raise ImproperlyConfigured(
            f"Set {name} to random characters: python -c 'import secrets; print(secrets.token_urlsafe({BYTES[name]}))'"
        )
    return load_or_create(DATA_DIR)[name]


SECRET_KEY = _secret("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
RECORD_KEY = _secret("RECORD_KEY").encode()
RECEIPT_KEY = _secret("RECEIPT_KEY")
LINK_KEY = _secret("LINK_KEY")
RECEIPT_KEYS_OLD = json_object("RECEIPT_KEYS_OLD")
RECEIPT_SECONDS = number("RECEIPT_SECONDS", 3600)

# --- Database ----------------------------------------------------------------------------------------------------
DATABASE_URL = env("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'countersign.sqlite3'}")
_database = database(DATABASE_URL)
if _database["ENGINE"].endswith("sqlite3"):
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 10,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    }
    _database["TEST"] = {"NAME": env("TEST_DATABASE_NAME", default=str(DATA_DIR / "test.sqlite3"))}
else:
    _database["ENGINE"] = "config.postgresql"
    _database["OPTIONS"] = {
        "options": "-c lock_timeout=2500 -c statement_timeout=15000 -c idle_in_transaction_session_timeout=15000",
        "server_side_binding": True,
        "prepare_threshold": 2,  # a statement that comes a third time is parsed and planned once for its connection
        # Left to itself psycopg pauses twice as long after each try: give up after a second, and begin anew.
        "pool": {
            "min_size": 1,
            "max_size": number("DATABASE_POOL", 16),
            "timeout": 10,
            "reconnect_timeout": 1,
            "reconnect_failed": lambda pool: pool.check(),
        },
    }
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Apps --------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "notifications.apps.NotificationsConfig",
    "approvals.apps.ApprovalsConfig",
    "intents.apps.IntentsConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "axes",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "anymail",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "config.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- The wire ----------------------------------------------------------------------------------------------------
APPEND_SLASH = False  # stock clients follow no redirect
DATA_UPLOAD_MAX_MEMORY_SIZE = 512 * 1024
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["approvals.authentication.PrincipalAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": ["intents.wire.parser.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "intents.wire.errors.exception_handler",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "intents.wire.negotiation.AlwaysJson",
    "DEFAULT_SCHEMA_CLASS": "intents.wire.document.DeclaredSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Countersign",
    "DESCRIPTION": "Asks the right people before a program acts. The pages in docs/ say what it means.",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/v1",
    "POSTPROCESSING_HOOKS": ["intents.wire.document.add_components"],
    "GET_MOCK_REQUEST": "intents.wire.document.no_request",
}

# --- Limits ------------------------------------------------------------------------------------------------------
REQUESTS_PER_MINUTE = number("REQUESTS_PER_MINUTE", 600)  # of one caller on one endpoint, in each web process; 0: any
OPEN_GATES_PER_SENDER = number("OPEN_GATES_PER_SENDER", 1000)  # 0: any
SIGN_INS_AT_ONCE = number("SIGN_INS_AT_ONCE", 2)  # in each web process: a password costs half a second of a core

# --- People and sessions -----------------------------------------------------------------------------------------
AUTH_USER_MODEL = "approvals.Person"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 5 / 60  # hours
AXES_LOCKOUT_PARAMETERS = ["username"]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "approvals.views.signin.locked_out"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # the page says until when; trying on does not prolong it
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/inbox"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_NAME = "__Host-session" if SITE_IS_HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SITE_IS_HTTPS else "csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SITE_IS_HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True

# --- Headers -----------------------------------------------------------------------------------------------------
SECURE_HSTS_SECONDS = 31536000 if SITE_IS_HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_REFERRER_POLICY = "same-origin"  # with no-referrer browsers send `Origin: null`, and every form is refused
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- Static files ------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "config" / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

# --- Mail --------------------------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="Countersign <countersign@localhost>")
EMAIL_URL = env("EMAIL_URL", default="")
EMAIL_TIMEOUT = 10
if EMAIL_URL:
    vars().update(mail())
    EMAIL_TIMEOUT = 10
else:
    EMAIL_BACKEND = env("EMAIL_BACKEND", default="notifications.keptmail.KeptMailBackend")
ANYMAIL = {"REQUESTS_TIMEOUT": EMAIL_TIMEOUT} | json_object("ANYMAIL")
MAIL_EVENTS = env("MAIL_EVENTS", default="")
"""The provider whose reports of bounces are taken, as anymail calls it."""

# --- Slack -------------------------------------------------------------------------------------------------------
SLACK_API_URL = env("SLACK_API_URL", default="https://slack.com/api/")  # elsewhere only for tests and GovSlack

# --- The way out -------------------------------------------------------------------------------------------------
OUTBOUND_ALLOWED_PRIVATE = env.list("OUTBOUND_ALLOWED_PRIVATE", default=[])
OUTBOUND_CA_FILE = env("OUTBOUND_CA_FILE", default="")

MESSAGES_PER_HOUR = number("MESSAGES_PER_HOUR", 30)
"""From one sender to one person; what is more comes as a digest."""
DELIVERIES_PER_GATE = number("DELIVERIES_PER_GATE", 500)

# --- Celery ------------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"socket_timeout": 5, "socket_connect_timeout": 1} if REDIS_URL else {"polling_interval": 0.01}
)

# --- The record --------------------------------------------------------------------------------------------------
CHECKPOINT_SECONDS = number("CHECKPOINT_SECONDS", 60)
ANCHOR_FILE = env("ANCHOR_FILE", default="")

# --- Health and metrics ------------------------------------------------------------------------------------------
ENGINE_LATE_SECONDS = number("ENGINE_LATE_SECONDS", 60)
METRICS_TOKEN = env("METRICS_TOKEN", default="")
METRICS_HOST = env("METRICS_HOST", default="127.0.0.1")
METRICS_PORT = number("METRICS_PORT", 0)

# --- Language, time, log -----------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
LOGGING = logging_config(
    choice("LOG_FORMAT", ("line", "json"), "json" if PRODUCTION else "line"),
    choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO" if PRODUCTION else "WARNING"),
)
SILENCED_SYSTEM_CHECKS = ["axes.W006"]  # attempts are counted per account on purpose, wherever they come from
