"""What is known at each place of a spec."""

from nas_service.wire.spec_schema import fields_at, places_of, suggestion, values_at


def test_the_schema_knows_fields_and_values_at_every_depth() -> None:
    assert "sampler" in fields_at(("strategy",))
    assert "metric" in fields_at(("objectives", 3))
    assert values_at(("objectives", 0, "goal")) == ["maximize", "minimize"]
    assert values_at(("targets", 0, "precision")) == ["fp32", "int8"]
    assert fields_at(("nowhere", "at", "all")) == []
    assert places_of("epochs") == ["training.epochs", "strategy.supernet.epochs"]


def test_a_suggestion_names_the_nearest_or_all() -> None:
    assert suggestion("tp", ["tpe", "random"]) == "did you mean `tpe`?"
    assert suggestion("xyz", ["tpe", "random"]) == "choose from tpe, random"
