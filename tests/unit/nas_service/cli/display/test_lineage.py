"""What a compression did, in one line."""

from nas_service.cli.display.lineage import facts_line


def test_single_values_of_a_steps_facts_are_told_and_lists_are_left_to_the_report() -> None:
    facts = {"exit_share": 0.71871, "exit_after": "relu_", "tried_places": 4, "channels": {"stem": 8}, "ratio": None}
    assert facts_line("early-exit", facts).plain == "early-exit: exit_share 0.719, exit_after relu_, tried_places 4"
