"""Mutants of the conventions of counting (docs/law/counting.md): C1 to C6, as the clock engine's tests call them,
and of G10."""

from tests.mutants.mutant import Mutant

_POLICY = "services/custody/policy/"
_CONVENTIONS = "tests/services/custody/policy/test_conventions.py::"

COUNTING = (
    # C1: the day of the start is not counted, and day N belongs to the objector.
    Mutant(
        "C1",
        "the window opens with day N itself",
        f"{_POLICY}periods.py",
        'opening = counted.day if day_rule == "on" else days_after(counted.day, 1)',
        "opening = counted.day",
        f"{_CONVENTIONS}test_c1_the_day_of_the_start_is_not_counted_and_day_n_is_the_objectors",
    ),
    Mutant(
        "C1",
        "the day of the start is counted",
        f"{_POLICY}days.py",
        "ordinal = day.toordinal() + n",
        "ordinal = day.toordinal() + n - (n > 1)",
        f"{_CONVENTIONS}test_c1_on_day_n_opens_with_that_day",
    ),
    # C2: a period that ends on a day off ends on the next working day; a count back on the one before.
    Mutant(
        "C2",
        "a period ends on a day off",
        f"{_POLICY}counting.py",
        "day = self._rolled(day, steps) if roll else self._not_rolled(day, steps)",
        "day = self._not_rolled(day, steps)",
        f"{_CONVENTIONS}test_c2_a_period_that_ends_on_a_day_off_ends_on_the_next_working_day",
    ),
    Mutant(
        "C2",
        "a count back moves to a later day",
        f"{_POLICY}counting.py",
        "further = days_after(day, self.direction)",
        "further = days_after(day, 1)",
        f"{_CONVENTIONS}test_c2_a_count_back_that_lands_on_a_day_off_moves_earlier",
    ),
    # C3: a day that the month lacks is the first of the next month; counted back, the last of its own.
    Mutant(
        "C3",
        "a missing day is clamped to the end of the month",
        f"{_POLICY}days.py",
        "return days_after(date(year, month, 1), calendar.monthrange(year, month)[1])",
        "return date(year, month, calendar.monthrange(year, month)[1])",
        f"{_CONVENTIONS}test_c3_a_day_that_the_month_lacks_is_the_first_of_the_next",
    ),
    Mutant(
        "C3",
        "counted back a missing day is later than the number asked for",
        f"{_POLICY}days.py",
        "return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))",
        "return months_after(day, -n)",
        f"{_CONVENTIONS}test_c3_counted_back_it_is_the_last_day_of_the_month",
    ),
    # C4: instants become days in the authority's zone; what comes too early starts nothing.
    Mutant(
        "C4",
        "an instant is a day of UTC",
        f"{_POLICY}zones.py",
        "return instant.astimezone(zone(name)).date()",
        "return instant.astimezone(UTC).date()",
        f"{_CONVENTIONS}test_c4_an_instant_is_a_day_in_the_zone_of_the_authority",
    ),
    Mutant(
        "C4",
        "a day begins at the first of two midnights",
        f"{_POLICY}zones.py",
        "return late if day_of(late - FINEST, name) < day else early",
        "return early",
        f"{_CONVENTIONS}test_c4_a_day_begins_where_the_day_before_comes_no_more",
    ),
    Mutant(
        "C4",
        "an acknowledgement before the sending starts the clock",
        f"{_POLICY}service.py",
        "if first is None or at < first:",
        "if at is None:",
        f"{_CONVENTIONS}test_c4_an_acknowledgement_before_the_sending_starts_nothing",
    ),
    Mutant(
        "C4",
        "a notice on the last day on which there may be none counts",
        f"{_POLICY}service.py",
        "day_is_early = self.not_before is not None and day_of(instant, self.zone) <= self.not_before",
        "day_is_early = self.not_before is not None and day_of(instant, self.zone) < self.not_before",
        f"{_CONVENTIONS}test_c4_a_notice_before_its_rule_allows_one_starts_nothing",
    ),
    # C5: in a suspended span no day counts; what no calendar covers is never.
    Mutant(
        "C5",
        "suspended days count",
        f"{_POLICY}counting.py",
        "return self._extended(start, day, steps) if self.working.observes else day",
        "return day",
        f"{_CONVENTIONS}test_c5_suspended_days_do_not_count",
    ),
    Mutant(
        "C5",
        "a prisoner's exemption holds for everybody",
        f"{_POLICY}working.py",
        'span.first <= day <= span.last and not (self.detained and span.exempt == "detained")',
        'span.first <= day <= span.last and span.exempt != "detained"',
        f"{_CONVENTIONS}test_c5_of_months_the_suspended_days_are_counted_after_the_end",
    ),
    Mutant(
        "C5",
        "a day of which the calendar says nothing is a day like any other",
        f"{_POLICY}working.py",
        "return (first is None or first <= day) and (last is None or day <= last)",
        "return bool(first) or bool(last) or bool(day)",
        f"{_CONVENTIONS}test_c5_what_the_calendar_does_not_cover_is_never",
    ),
    # C6: a rule or a calendar that changed in mid-clock never brings an end nearer.
    Mutant(
        "C6",
        "of two versions the earlier end stands",
        f"{_POLICY}versions.py",
        "last_day=max(days) if len(days) == len(found) else None,",
        "last_day=min(days) if len(days) == len(found) else None,",
        f"{_CONVENTIONS}test_c6_of_two_rules_or_calendars_the_later_end_stands",
    ),
    Mutant(
        "C6",
        "a version that never opens is passed over",
        f"{_POLICY}versions.py",
        "opens_at=max(opens) if len(opens) == len(found) else None,",
        "opens_at=max(opens, default=None),",
        f"{_CONVENTIONS}test_c6_of_two_versions_of_which_one_never_opens_neither_does",
    ),
    # G10: no change of the rules shortens what runs.
    Mutant(
        "G10",
        "a proposal is judged by today's texts alone",
        "services/custody/rules/proposal.py",
        "return later(sample.retention, computed)",
        "return computed",
        "tests/services/custody/rules/test_kept.py::test_g10_what_is_kept_by_an_earlier_text_is_kept_by_a_later_one_too",
    ),
)
