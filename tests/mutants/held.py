"""The mutants of holds (G3), and of a database that was set back (G1, G3)."""

from tests.mutants.mutant import Mutant

_RULES = "services/custody/rules/"
_TESTS = "tests/services/custody/"

HELD = (
    Mutant(
        "G3",
        "a hold covers its own item alone",
        f"{_RULES}hold.py",
        'return self.status == "standing" and (self.case == case if self.root is None else self.root == root)',
        'return self.status == "standing" and (self.case == case if self.root is None else self.id == root)',
        f"{_TESTS}rules/test_hold.py::test_g3_a_hold_covers_every_item_that_shares_the_root_whatever_comes_between",
    ),
    Mutant(
        "G3",
        "what is held is proposed all the same",
        f"{_RULES}proposal.py",
        "if holds := over(world.holds.values(), sample):",
        "if holds := over((), sample):",
        f"{_TESTS}api/test_holds.py::test_g3_a_hold_by_counsel_blocks_a_proposal_until_it_is_lifted",
    ),
    Mutant(
        "G3",
        "behind the log a hold is put off like everything else",
        "services/custody/behind.py",
        "if not COMMANDS[type(request.command)].protective:",
        "if COMMANDS:",
        f"{_TESTS}test_restoration.py::test_g3_behind_the_log_a_hold_is_taken_and_all_else_is_not_yet",
    ),
    Mutant(
        "G1",
        "a key that was used before the database was set back is taken for a new one",
        "services/custody/record.py",
        "if known.stands.restored:",
        "if known.stands.restored and known.behind:",
        f"{_TESTS}test_restoration.py::test_g1_a_key_used_before_the_restoration_answers_what_it_answered_and_records_nothing",
    ),
    Mutant(
        "G1",
        "notify sends while it does not know what was sent",
        "services/notify/loops/deliver.py",
        "if remembered is not None and await _is_behind(connection, remembered):",
        "if remembered is None and await _is_behind(connection, Remembered()):",
        "tests/services/notify/test_restoration.py::test_g1_a_notice_that_waits_in_the_backup_and_was_taken_since_is_not_sent_again",
    ),
)
