"""What is wrong in the environment is one sentence that names the variable."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment


@pytest.mark.parametrize("text", ["abc", "80x", ""])
def test_number_is_refused_in_words_when_it_is_none(monkeypatch, text):
    monkeypatch.setenv("PORT", text)

    with pytest.raises(ImproperlyConfigured, match="PORT must be a whole number"):
        environment.number("PORT", 8000)


@pytest.mark.parametrize("url", ["foo", "mysql://a/b", "", "postgresql://host:port/name"])
def test_database_url_is_refused_in_words_when_it_is_of_no_use(url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        environment.database(url)


@pytest.mark.parametrize("url", ["postgresql://u:p@127.0.0.1:5432/name", "sqlite:////tmp/some.sqlite3"])
def test_database_url_is_taken_when_it_is_of_use(url):
    assert environment.database(url)["NAME"]


def test_mail_url_is_refused_in_words_when_it_is_of_no_use(monkeypatch):
    monkeypatch.setenv("EMAIL_URL", "nonsense")

    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL cannot be read"):
        environment.mail()


def test_json_is_refused_in_words_when_it_is_none(monkeypatch):
    monkeypatch.setenv("ANYMAIL", "{")

    with pytest.raises(ImproperlyConfigured, match="ANYMAIL must be a JSON object"):
        environment.json_object("ANYMAIL")
