"""The base of the data models: frozen, closed, and named on the wire by service, noun and past-tense verb. PURE."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Fact(BaseModel):
    """The `data` of one type of event. `name` is `<service>.<noun>.<verb>.v<N>`; a changed shape is a new version."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: ClassVar[str]

    @classmethod
    def type_name(cls) -> str:
        """The event's `type`."""
        return f"org.cadena.{cls.name}"


class Part(BaseModel):
    """A piece of a fact's data."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def schema_name(type_name: str) -> str:
    """The event's `dataschema`: the name, not the place, of the committed JSON Schema."""
    return f"urn:cadena:schema:{type_name.removeprefix('org.cadena.')}"
