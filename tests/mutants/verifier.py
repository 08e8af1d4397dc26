"""The mutants of the verifier: of a whole log, of one that goes on from what it kept, and of the export of a case."""

from tests.mutants.mutant import Mutant

__all__ = ["VERIFIER"]

_CODE = "verifier/cadena_verify/"
_TESTS = "tests/verifier/"

VERIFIER = (
    Mutant(
        "G7",
        "the verifier of a case believes every proof",
        f"{_CODE}case.py",
        "if root_from_inclusion(index, self._checkpoint.size, leaf_hash(shown.raw), shown.path) != self._checkpoint.root:",
        "if index >= self._checkpoint.size:",
        f"{_TESTS}test_case.py::test_g7_a_forged_export_is_found_and_named",
    ),
    Mutant(
        "G7",
        "the verifier of a case takes a checkpoint of any key",
        f"{_CODE}case.py",
        "if trouble := check_signed(self._note, self._key):",
        "if (trouble := check_signed(self._note, self._key)) and not self._note:",
        f"{_TESTS}test_case.py::test_g7_a_forged_export_is_found_and_named",
    ),
    Mutant(
        "G7",
        "the verifier of a case holds no text against the digest that its event sealed",
        f"{_CODE}case.py",
        "if event is None or digest not in held:",
        "if event is None or not held:",
        f"{_TESTS}test_case.py::test_g7_a_forged_export_is_found_and_named",
    ),
    Mutant(
        "G7",
        "the verifier of a case takes a promise for other bytes",
        f"{_CODE}case.py",
        "said = (promise.source, promise.event, promise.sha256, promise.time)",
        "said = (promise.source, promise.event, sha256(shown.raw).hexdigest(), promise.time)",
        f"{_TESTS}test_case.py::test_g7_a_forged_export_is_found_and_named",
    ),
    Mutant(
        "G7",
        "the verifier of a case does not count the lines of a file",
        f"{_CODE}case.py",
        'elif (self._end.events, self._end.sealed) != (len(self._events), self._counts["sealed"]):',
        "elif not self._end.events:",
        f"{_TESTS}test_case.py::test_g7_no_line_can_be_dropped_or_repeated",
    ),
    Mutant(
        "G7",
        "the verifier of a case misses that the last line is not there",
        f"{_CODE}case.py",
        "if self._end is None:",
        "if self._end is None and self._head is None:",
        f"{_TESTS}test_case.py::test_g7_a_file_that_was_cut_is_found",
    ),
    Mutant(
        "G7",
        "a kept state is believed whatever its digests say",
        f"{_CODE}state.py",
        "if digest != state._digest:",
        "if not digest:",
        f"{_TESTS}test_state.py::test_g7_every_changed_byte_of_the_file_is_refused_or_read_again",
    ),
    Mutant(
        "G7",
        "an audit that goes on keeps what it found wrong",
        f"{_CODE}reading.py",
        "if keep and not self._report.defects_total and not self._contents.defects_total and _sound(run):",
        "if keep and _sound(run):",
        f"{_TESTS}test_state.py::test_g7_a_wrong_that_is_found_is_not_kept",
    ),
    Mutant(
        "G7",
        "an audit that goes on holds what is new against nothing that was kept",
        f"{_CODE}state.py",
        "memory.known.add(Scanned([], Tally(), [], [], *columns))",
        "del columns[:]",
        f"{_TESTS}test_state.py::test_g7_an_event_that_only_conflicts_with_what_was_kept_is_told",
    ),
    Mutant(
        "G7",
        "one who follows a log looks for no id among those that were read",
        f"{_CODE}known.py",
        "if mine[at].count(mark):",
        "if mine[at].count(mark) > 1:",
        f"{_TESTS}test_follow.py::test_g7_what_comes_while_following_is_held_against_what_was_read",
    ),
    Mutant(
        "G7",
        "one who follows a log counts no version from what was read",
        f"{_CODE}known.py",
        "if version != self.subjects[at].count(mark) + 1:  # so far they run 1, 2, 3 …: as many as the last",
        "if not version:",
        f"{_TESTS}test_follow.py::test_g7_what_comes_while_following_is_held_against_what_was_read",
    ),
    Mutant(
        "G7",
        "a log is accused by what was kept of another one",
        f"{_CODE}audit.py",
        "return None if report.defects_total else report",
        "return report",
        f"{_TESTS}test_state.py::test_g7_a_forged_file_accuses_no_sound_log",
    ),
    Mutant(
        "G8",
        "an audit that goes on forgets under which head it read",
        f"{_CODE}audit.py",
        "demanded = [state.head] if state.head else []",
        "demanded = []",
        f"{_TESTS}test_state.py::test_g8_a_log_that_became_shorter_or_forked_is_told_by_the_head_that_was_kept",
    ),
    Mutant(
        "G7",
        "the verifier compares no entries with the leaf hashes of their tile",
        f"{_CODE}scan.py",
        "if raw is not None and tile is not None and hashed is not None and hashed[1] == tile:",
        "if raw is not None and tile is not None and hashed is not None and tile:",
        f"{_TESTS}test_stored_copies.py::test_g7_a_changed_copy_is_found_and_named",
    ),
    Mutant(
        "G7",
        "the verifier takes any text for an id",
        f"{_CODE}shapes.py",
        "if len(found) == count and _are_ids(found):",
        "if len(found) == count:",
        f"{_TESTS}test_shapes.py::test_g7_what_is_no_canonical_event_is_never_found_and_hides_no_other",
    ),
    Mutant(
        "G7",
        "an audit without entries holds no head against a bundle that it ends in",
        f"{_CODE}scan.py",
        "if tile is not None and len(tile) == WIDTH * HASH_SIZE and number not in plan.inside:",
        "if tile is not None and len(tile) == WIDTH * HASH_SIZE:",
        f"{_TESTS}test_tiles_only.py::test_g7_what_the_hashes_can_tell_is_found_and_named",
    ),
)
