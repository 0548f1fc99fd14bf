"""Reading on the busiest paths: a query whose text is made once, not anew for each request.

    _BY_DIGEST = Prepared(lambda digest: ApiKey.objects.select_related("agent").filter(digest=digest))
    found = _BY_DIGEST(digest="...")

The query is in the words of the models, as everywhere; from one time to the next only the values differ. One of many
values is `filter(name__among=names)`: one text, and one plan of the database, for however many they are. What is seldom
there can be looked for together, in one statement: `foresee`.
"""

from __future__ import annotations

import inspect
import json
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from operator import itemgetter
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Field, ForeignObject, Lookup, Model, QuerySet
from django.db.models.query import ModelIterable, get_related_populators

from intents.cursors import executed

R = TypeVar("R")
T = TypeVar("T")
Question = tuple[Any, ...]
"""A prepared query and its values."""
_here = threading.local()


@contextmanager
def read_once() -> Iterator[None]:
    """Inside, this thread asks the same prepared question once. For looking at things, never for changing them."""
    outer, _here.answers = getattr(_here, "answers", None), {}
    try:
        yield
    finally:
        _here.answers = outer


def answer(question: Question) -> list[Any]:
    """The rows, as a call with these values reads them."""
    prepared, *given = question
    return list(prepared(**dict(given)))


def note(question: Question, rows: list[Any]) -> None:
    """Inside `read_once`: these rows, which were read otherwise, are what it finds."""
    answers = getattr(_here, "answers", None)
    if answers is not None:
        answers[question] = rows


def foresee(*questions: Question) -> None:
    """Inside `read_once`: learn in one statement which of these find nothing; those need not be asked any more."""
    answers = getattr(_here, "answers", None)
    asked = [] if answers is None else [each for each in questions if each not in answers]
    if answers is None or not asked:
        return
    here = connections[DEFAULT_DB_ALIAS]
    sql = ", ".join(prepared.sign.sql for prepared, *_ in asked)
    values = [value for prepared, *given in asked for value in prepared.sign.params(dict(given), here)]
    (found,) = executed(f"SELECT {sql}", values, here).fetchall()
    answers.update((question, []) for question, is_there in zip(asked, found, strict=True) if not is_there)


class Given(Expression):
    """The place of a value that is known when the query runs."""

    def __init__(self, name: str) -> None:
        super().__init__(output_field=Field())
        self.name = name

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        """A mark, with itself for a value."""
        return "%s", [self]


@Field.register_lookup
@ForeignObject.register_lookup
class Among(Lookup):
    """Equal to one of the values in the place; to none if there are none."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        """An array is one value; SQLite, which has none, takes it as JSON."""
        left, params = self.process_lhs(compiler, connection)
        right = "= ANY(%s)" if connection.vendor == "postgresql" else "IN (SELECT value FROM json_each(%s))"
        return f"{left} {right}", [*params, self.rhs]


class Prepared(Generic[R]):
    """`make` is called once, with places instead of values, and says which rows are meant: models, or tuples.

    Only what a `filter` compares with may be such a value, and never None, which would change the text.
    """

    def __init__(self, make: Callable[..., QuerySet[Any, R]]) -> None:
        self._make = make
        self._text: _Text | None = None

    @cached_property
    def sign(self) -> Sql:
        """Whether there is any such row, as a column of a statement."""
        sql, values = with_places(self._make).query.exists().get_compiler(DEFAULT_DB_ALIAS).as_sql()
        return Sql(f"EXISTS ({sql})", values)

    def question(self, **values: Any) -> Question:
        """What a call with these values asks."""
        asked = ((name, tuple(value) if isinstance(value, list) else value) for name, value in values.items())
        return (self, *sorted(asked, key=itemgetter(0)))

    def __call__(self, **values: Any) -> list[R]:
        """The rows, read now, or before within the same `read_once`."""
        answers = getattr(_here, "answers", None)
        if answers is None:
            return self._read(values)
        question = self.question(**values)
        if question not in answers:
            answers[question] = self._read(values)
        return list(answers[question])

    def _read(self, values: dict[str, Any]) -> list[R]:
        text = self._text = self._text or _Text(self._make)
        here = connections[DEFAULT_DB_ALIAS]
        return text.rows(executed(text.sql, text.params(values, here), here).fetchall(), here)

    def first(self, **values: Any) -> R | None:
        """The first of the rows, for queries that find one at most."""
        return next(iter(self(**values)), None)


class Sql:
    """A statement, or a part of one, whose values are still to come."""

    def __init__(self, sql: str, values: Sequence[Any]) -> None:
        self.sql = sql
        self._values = values

    def params(self, values: dict[str, Any], here: BaseDatabaseWrapper) -> list[Any]:
        """The values in the order of their marks."""
        return [_stored(values[each.name], here) if isinstance(each, Given) else each for each in self._values]


class _Text(Sql):
    """A query's SQL, and how its columns become rows: what Django works out each time that a query runs."""

    def __init__(self, make: Callable[..., QuerySet[Any, Any]]) -> None:
        wanted = with_places(make)
        compiler = wanted.query.get_compiler(DEFAULT_DB_ALIAS)
        super().__init__(*compiler.as_sql())
        self._converters = list(compiler.get_converters([column[0] for column in compiler.select]).items())
        self._of = _Models(compiler).of if wanted._iterable_class is ModelIterable else tuple

    def rows(self, rows: Sequence[Sequence[Any]], here: BaseDatabaseWrapper) -> list[Any]:
        """What was found, each row as a model with its related ones, or as a tuple."""
        return [self._of(self._converted(row, here) if self._converters else row) for row in rows]

    def _converted(self, row: Sequence[Any], here: BaseDatabaseWrapper) -> list[Any]:
        values = list(row)
        for at, (converters, column) in self._converters:
            for convert in converters:
                values[at] = convert(values[at], column, here)
        return values


class _Models:
    """Which columns are whose."""

    def __init__(self, compiler: Any) -> None:
        columns, found = compiler.select, compiler.klass_info
        first, last = found["select_fields"][0], found["select_fields"][-1] + 1
        self._model: type[Model] = found["model"]
        self._own = slice(first, last)
        self._names = [column[0].target.attname for column in columns[first:last]]
        self._related = get_related_populators(found, columns, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]
        self._more = list((compiler.annotation_col_map or {}).items())

    def of(self, values: Sequence[Any]) -> Model:
        """One row."""
        made = self._model.from_db(DEFAULT_DB_ALIAS, self._names, values[self._own])
        for each in self._related:
            each.populate(values, made)
        for name, at in self._more:
            setattr(made, name, values[at])
        return made


def with_places(make: Callable[..., T]) -> T:
    """What is made where each value is still to come."""
    return make(**{name: Given(name) for name in inspect.signature(make).parameters})


def _stored(value: Any, here: BaseDatabaseWrapper) -> Any:
    """As the database takes it: SQLite has neither ids nor moments nor arrays."""
    if isinstance(value, list | tuple):
        values = [_stored(each, here) for each in value]
        return values if here.vendor == "postgresql" else json.dumps(values)
    if isinstance(value, uuid.UUID):
        return value if here.features.has_native_uuid_field else value.hex
    return here.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
