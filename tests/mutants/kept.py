"""Mutants of what is stated of a case, and of until when its items are kept."""

from tests.mutants.mutant import Mutant

_RULES = "services/custody/rules/"
_TESTS = "tests/services/custody/"

KEPT = (
    # G2, G10: no day of keeping becomes earlier.
    Mutant(
        "G2",
        "an earlier day of collection, stated later, shortens the keeping",
        f"{_RULES}sample.py",
        'changed["collected_latest"] = max(state.collected_latest, _day(fact.changes.collected_at))',
        'changed["collected_latest"] = _day(fact.changes.collected_at)',
        f"{_TESTS}rules/test_kept.py::test_g2_an_earlier_collection_stated_later_shortens_nothing",
    ),
    # G2: of what is stated of a case, only a court's word and the setter's own bring an end nearer.
    Mutant(
        "G2",
        "a claim counts as a court's word",
        f"{_RULES}case_facts.py",
        'return "court" if one.by_court else "other"',
        'return "court"',
        f"{_TESTS}rules/test_statement.py::test_g2_only_a_courts_word_ends_a_period",
    ),
    Mutant(
        "G2",
        "a role ends by anybody's word",
        f"{_RULES}case_facts.py",
        'ended = {one.name for one in stand if one.about == "role_ended" and one.person == person and one.by_court}',
        'ended = {one.name for one in stand if one.about == "role_ended" and one.person == person}',
        f"{_TESTS}rules/test_statement.py::test_g2_a_role_ends_by_a_courts_word_alone",
    ),
    Mutant(
        "G2",
        "whoever has to do with the case takes back what another stated",
        "services/custody/authorise.py",
        "own = {R.SETTER} if (actor.person, actor.org) in made else set()",
        "own = {R.SETTER} if made else set()",
        f"{_TESTS}rules/test_statement.py::test_g2_nobody_takes_back_what_another_said_but_a_court",
    ),
    Mutant(
        "G2",
        "counsel enters whomever they like for whomever they like",
        f"{_RULES}case.py",
        'if command.capacity != "authorised_organisation" or not speaks:',
        'if command.capacity != "authorised_organisation" and not speaks:',
        f"{_TESTS}rules/test_case.py"
        "::test_g2_the_convicted_persons_own_word_is_enough_and_their_counsel_enters_the_organisation",
    ),
    Mutant(
        "G10",
        "a text that comes into force brings an end nearer",
        f"{_RULES}recompute.py",
        "computed = later(sample.retention, computed)",
        "pass",
        f"{_TESTS}rules/test_recompute.py::test_g10_a_text_that_comes_into_force_brings_no_end_nearer",
    ),
    Mutant(
        "G4",
        "a notice of a demonstration reads as a real one",
        "services/notify/loops/telling.py",
        "text = render.as_demo(text, language) if known.demo else text",
        "pass",
        "tests/services/notify/test_demonstration.py::test_g4_each_mail_page_and_fact_of_a_demonstration_says_so",
    ),
    Mutant(
        "G10",
        "a demonstration takes real cases",
        "services/custody/law.py",
        "if law.pack.demo and issuer != DEV_ISSUER:",
        "if law.pack.demo and not issuer:",
        f"{_TESTS}test_demonstration.py"
        "::test_g10_who_has_a_token_of_another_issuer_is_told_that_this_is_no_place_for_real_cases",
    ),
    Mutant(
        "G10",
        "another pack gives an end to what stands without one",
        "services/custody/policy/retention.py",
        "return standing if standing.until is None or computed.until < standing.until else computed",
        "return later(standing, computed)",
        f"{_TESTS}policy/test_changing.py::test_g10_no_standing_end_becomes_nearer",
    ),
    Mutant(
        "G10",
        "what stood when the pack changed is forgotten when facts change",
        f"{_RULES}sample.py",
        "return no_nearer(floor, computed)",
        "return computed",
        f"{_TESTS}test_pack_change.py::test_g10_what_stood_is_a_floor_for_whatever_is_computed_later",
    ),
    Mutant(
        "G10",
        "what stood without an end is proposed by the new pack's day",
        f"{_RULES}proposal.py",
        "computed = keeping(sample, world.cases[sample.case], world.law, sample.collected_latest, now)",
        "computed = keeping("
        "replace(sample, floor_rule=None), world.cases[sample.case], world.law, sample.collected_latest, now)",
        f"{_TESTS}test_pack_change.py::test_g10_what_stands_without_an_end_is_proposed_for_no_day_by_whatever_pack",
    ),
    Mutant(
        "G10",
        "another list than the one that was looked at is applied",
        "services/custody/pack_change.py",
        "if found.sha256 != preview_sha256:",
        "if not found.sha256:",
        f"{_TESTS}test_pack_change.py::test_g10_a_preview_that_is_not_true_any_more_changes_nothing",
    ),
    Mutant(
        "G10",
        "who had read the old pack registers by it when the new one is in force",
        "services/custody/record.py",
        "if world.cases:",
        "if world.cases and not world.law:",
        f"{_TESTS}test_pack_change.py"
        "::test_g10_who_records_meanwhile_is_told_to_come_again_and_decides_by_the_new_pack_then",
    ),
    Mutant(
        "G10",
        "an item gets another day without a fact",
        f"{_RULES}recompute.py",
        "if computed != sample.retention:",
        "if computed.until != sample.retention.until and computed.until is None:",
        f"{_TESTS}test_keeping.py::test_g10_a_change_is_the_clocks_own_fact_and_names_what_led_to_it",
    ),
    Mutant(
        "G10",
        "word that a case has changed is not left",
        "services/custody/tables/upkeep.py",
        "writes.statement(_ENQUEUE, [state.id for state in states], rows=len(states))",
        "pass",
        f"{_TESTS}test_keeping.py::test_g10_a_change_is_the_clocks_own_fact_and_names_what_led_to_it",
    ),
)
