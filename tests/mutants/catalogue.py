"""The committed mutants. Each is one line that, broken so, breaks a guarantee; its test is named after that guarantee.

Lines are given without their indentation. When code moves, its mutants move with it: a quick test finds those left.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """`line` stands once in `file`; with `broken` in its place, `test` (a pytest node id) must fail."""

    guarantee: str
    what: str
    file: str
    line: str
    broken: str
    test: str


_RULES = "services/custody/rules/"
_TESTS = "tests/services/custody/"

MUTANTS = (
    # G1: an acknowledged command is in the ledger exactly once.
    Mutant(
        "G1",
        "audit appends an event again when it comes again",
        "services/audit/intake.py",
        "if known.knows(key):",
        "if key in ():",
        "tests/services/audit/test_intake.py::test_g1_the_same_event_again_is_dropped_and_counted",
    ),
    Mutant(
        "G1",
        "audit does not ask whether it knows the event that it took last",
        "services/audit/append.py",
        "ids = [one for part in parts for one in part.ids if one is not None and one <= highest]",
        "ids = [one for part in parts for one in part.ids if one is not None and one < highest]",
        "tests/services/audit/test_append.py::test_g1_ids_below_and_at_the_largest_one_are_asked_for",
    ),
    Mutant(
        "G1",
        "audit takes a batch at once although an id of it is known",
        "services/audit/intake.py",
        "if None in ids or len(ids) != len(part.ids) or not first.keys().isdisjoint(ids):",
        "if None in ids or len(ids) != len(part.ids):",
        "tests/services/audit/test_intake.py::test_g1_what_is_learnt_at_once_is_what_is_learnt_one_by_one",
    ),
    Mutant(
        "G1",
        "an answer is not kept under its key",
        "services/custody/record.py",
        "add_answers(writes, KEYS, account, [(key, each.answer) for key, each in made], now)",
        "del now",
        f"{_TESTS}test_record.py::test_g1_a_retry_after_later_changes_returns_the_very_bytes_of_the_first_answer",
    ),
    Mutant(
        "G1",
        "a batch takes what was recorded for new",
        "services/custody/batch.py",
        "fresh = [each for each in batch if each[0].key in taken]",
        "fresh = list(batch)",
        f"{_TESTS}api/test_batches.py::test_g1_a_retry_of_the_batch_or_of_an_item_alone_gets_the_same_bytes",
    ),
    Mutant(
        "G1",
        "one key answers for two requests",
        "shared/commands.py",
        "if row.fingerprint != fingerprint:",
        "if not row.fingerprint:",
        f"{_TESTS}test_record.py::test_g1_one_key_with_another_body_is_422_and_records_nothing",
    ),
    Mutant(
        "G1",
        "the relay goes on from its last number",
        "shared/relay_store.py",
        "self._published = max(self._published, min(decided, end))",
        "self._published = max(self._published, min(top, end))",
        "tests/shared/test_relay.py::test_g1_an_event_that_commits_after_a_later_one_is_not_left_behind",
    ),
    Mutant(
        "G1",
        "a broken promise is taken for a pending one",
        "verifier/cadena_verify/promises.py",
        "if latest > promise.sealed_by:",
        "if not latest:",
        "tests/verifier/test_promises_and_seen.py::test_g1_a_cut_tail_breaks_a_promise_once_the_log_went_on",
    ),
    # G2: no protection is reduced by one party's word.
    Mutant(
        "G2",
        "an amendment shortens the period of keeping",
        "services/custody/policy/retention.py",
        "return computed if computed.until > standing.until else standing",
        "return computed",
        f"{_TESTS}rules/test_sample.py::test_g2_no_amendment_ever_shortens_the_period_of_keeping",
    ),
    Mutant(
        "G2",
        "destruction is proposed for the last day of keeping",
        f"{_RULES}proposal.py",
        "if command.planned_on <= sample.retention_until:",
        "if command.planned_on < sample.retention_until:",
        f"{_TESTS}rules/test_proposal.py::test_g2_the_day_lies_after_the_last_day_of_keeping",
    ),
    # G4: no waiver by silence.
    Mutant(
        "G4",
        "counsel of record is not told",
        f"{_RULES}proposal.py",
        "counsel = sorted({appointment.counsel for appointment in case.counsel})",
        "counsel = sorted({appointment.counsel for appointment in case.counsel[:1]})",
        f"{_TESTS}rules/test_proposal.py::test_g4_every_counsel_of_record_is_a_recipient_once",
    ),
    Mutant(
        "G2",
        "a registrar takes counsel's last account",
        f"{_RULES}account.py",
        'if account.role == "defence" and world.acting().role != "court" and _is_last_of_counsel(world, account):',
        'if account.role == "counsel" and world.acting().role != "court" and _is_last_of_counsel(world, account):',
        f"{_TESTS}rules/test_account.py::test_g2_a_registrar_does_not_take_the_last_account_of_a_counsel_of_record",
    ),
    Mutant(
        "G2",
        "a system proposes destruction",
        "services/custody/authorise.py",
        "if held and actor.service and verb not in SERVICE_VERBS:",
        'if held and actor.service and verb == "offer.accept":',
        f"{_TESTS}rules/test_account.py::test_g2_a_system_proposes_nothing_whatever_role_a_row_gives_it",
    ),
    # G3: a hold blocks at once and covers every item of its root.
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
    # G5: custody moves only when the receiver accepts.
    Mutant(
        "G5",
        "custody moves with the offer",
        f"{_RULES}sample.py",
        "return replace(standing, offer=fact.offer, offered_to=fact.to_org, **moved(event))",
        "return replace(standing, offer=fact.offer, offered_to=fact.to_org, custodian_org=fact.to_org, **moved(event))",
        f"{_TESTS}rules/test_offer.py::test_g5_custody_stays_with_the_releaser_until_the_receiver_accepts",
    ),
    Mutant(
        "G5",
        "custody does not move on acceptance",
        f"{_RULES}sample.py",
        '"custodian_org": fact.to_org,',
        '"custodian_org": fact.from_org,',
        f"{_TESTS}rules/test_offer.py::test_g5_custody_stays_with_the_releaser_until_the_receiver_accepts",
    ),
    Mutant(
        "G5",
        "items are accepted without a receipt for each",
        f"{_RULES}offer.py",
        "if sorted(receipt.sample for receipt in command.receipts) != sorted(offer.samples):",
        "if not command.receipts:",
        f"{_TESTS}rules/test_offer.py::test_g5_the_receipts_are_those_of_the_offers_items",
    ),
    Mutant(
        "G5",
        "another seal is accepted without a word",
        f"{_RULES}offer.py",
        "if receipt.seal != world.samples[receipt.sample].seal and receipt.discrepancy is None:",
        "if not receipt.seal and receipt.discrepancy is None:",
        f"{_TESTS}rules/test_offer.py::test_g5_another_seal_is_taken_only_with_a_discrepancy",
    ),
    Mutant(
        "G5",
        "an item is amended while its receiver looks at it",
        f"{_RULES}sample.py",
        "if sample.offer is not None:",
        "if sample.offer == command.sample:",
        f"{_TESTS}rules/test_sample.py::test_g5_what_is_said_of_an_item_stays_while_its_receiver_looks_at_it",
    ),
    # G6: nothing is erased or overwritten.
    Mutant(
        "G6",
        "custody's API may overwrite facts",
        "services/custody/grants.sql",
        "GRANT INSERT ON event, sealed_value, command, answer TO custody_api;",
        "GRANT INSERT, UPDATE ON event, sealed_value, command, answer TO custody_api;",
        f"{_TESTS}test_migrate.py::test_g6_no_process_can_change_or_erase_what_was_written_once",
    ),
    Mutant(
        "G6",
        "notify's worker may overwrite facts",
        "services/notify/grants.sql",
        "GRANT INSERT, UPDATE ON notice, delivery, reader_position TO notify_worker;",
        "GRANT INSERT, UPDATE ON notice, delivery, reader_position, event TO notify_worker;",
        "tests/services/notify/test_tables.py::test_g6_no_process_may_change_or_remove_what_was_written",
    ),
    Mutant(
        "G6",
        "a correction needs no reason",
        f"{_RULES}sample.py",
        "reason: SealedValue",
        "reason: SealedValue | None = None",
        f"{_TESTS}rules/test_sample.py::test_g6_an_amendment_has_a_reason_and_leaves_the_first_fact_as_it_was",
    ),
    Mutant(
        "G6",
        "rebuild does not compare what is stored with what happened",
        "services/custody/rebuild.py",
        "if is_stored[name] != value",
        "if name not in is_stored",
        f"{_TESTS}test_rebuild.py::test_g6_a_row_that_says_otherwise_is_found_and_named",
    ),
    # G7: any changed byte of the ledger is found.
    Mutant(
        "G7",
        "the verifier compares no root with a signed head",
        "verifier/cadena_verify/rebuild.py",
        "fitting = [branch for branch in self._branches if branch.edge.root() == head.root]",
        "fitting = [branch for branch in self._branches if head.root]",
        "tests/verifier/test_stored_copies.py::test_g7_a_changed_copy_is_found_and_named",
    ),
    Mutant(
        "G7",
        "the verifier compares no tile",
        "verifier/cadena_verify/rebuild.py",
        "if mine != theirs:",
        "if not theirs:",
        "tests/tamper/test_tiles_and_rows.py::test_g7_what_is_done_to_tiles_and_rows_is_found_and_named",
    ),
    Mutant(
        "G7",
        "the verifier takes heads of any key",
        "verifier/cadena_verify/heads.py",
        "if trouble := check_signed(note, key):",
        "if (trouble := check_signed(note, key)) and not note:",
        "tests/verifier/test_heads.py::test_g7_a_changed_head_is_found_and_named",
    ),
    Mutant(
        "G7",
        "the writer's start check believes what is known",
        "services/audit/check.py",
        'if row["name"] != name:',
        'if row["name"][32:] != name[32:]:',
        "tests/tamper/test_start.py::test_g7_the_writer_does_not_go_on_from_a_changed_ledger",
    ),
    Mutant(
        "G7",
        "a reader takes entries that do not lead to the signed root",
        "shared/sealed_log.py",
        "if batch.root != batch.head.root:",
        "if not batch.root:",
        "tests/shared/test_sealed_log.py::test_g7_entries_that_do_not_lead_to_the_root_stop_the_reader",
    ),
    # G8: the log never signs two inconsistent heads.
    Mutant(
        "G8",
        "the writer signs on from another root than it signed",
        "services/audit/headfile.py",
        "if at_kept is None or at_kept.root != kept.root:",
        "if at_kept is None:",
        "tests/services/audit/test_headfile.py::test_g8_a_database_set_back_is_refused",
    ),
    Mutant(
        "G8",
        "the verifier forgets the heads that it has seen",
        "verifier/cadena_verify/seen.py",
        "elif held is None and head.size > final.size:",
        "elif held is None and head.size > final.size + head.size:",
        "tests/verifier/test_promises_and_seen.py::test_g8_a_tail_cut_off_with_its_heads_is_found",
    ),
    # G9: refusals are in the ledger.
    Mutant(
        "G9",
        "a refusal is answered and not recorded",
        "services/custody/answer.py",
        'return Answered(refusal_answer(decision, promises), "refused", (refused,))',
        'return Answered(refusal_answer(decision, promises), "refused", ())',
        f"{_TESTS}test_record.py::test_g9_a_refusal_by_a_rule_is_a_fact_without_version_and_is_kept_under_its_key",
    ),
    Mutant(
        "G9",
        "a refusal by role leaves no trace",
        "services/custody/authorise.py",
        "if held:",
        "if allowed:",
        f"{_TESTS}test_record.py::test_g9_a_refusal_by_role_is_a_fact_403",
    ),
    Mutant(
        "G9",
        "a refusal is told as an accepted command",
        "services/custody/stamp.py",
        'outcome="refused",',
        'outcome="accepted",',
        f"{_TESTS}test_record.py::test_g9_a_refusal_by_a_rule_is_a_fact_without_version_and_is_kept_under_its_key",
    ),
    # G12: nobody sees a case in which they have no standing.
    Mutant(
        "G12",
        "standing in one of several items is standing in all",
        "services/custody/authorise.py",
        "return frozenset.intersection(*each) if each else frozenset()",
        "return frozenset().union(*each)",
        f"{_TESTS}test_authorise.py::test_g12_a_relation_to_several_items_is_one_to_each",
    ),
    Mutant(
        "G12",
        "an item in a case shows who else is in it",
        "services/custody/authorise.py",
        '"case.read_brief": frozenset({R.HOLDER, R.PAST_HOLDER, R.REGISTRANT}),',
        '"case.read": frozenset({R.HOLDER, R.PAST_HOLDER, R.REGISTRANT}),',
        f"{_TESTS}api/test_standing.py::test_g12_an_item_under_a_guessed_folio_shows_nobody_of_the_case",
    ),
    Mutant(
        "G12",
        "the office that keeps the case ends other people's offers",
        "services/custody/authorise.py",
        '"offer.withdraw": frozenset({R.RELEASER}),',
        '"offer.withdraw": frozenset({R.RELEASER, R.AUTHORITY}),',
        "tests/authorisation/test_every_cell.py::test_g12_every_cell_is_as_stated[prosecutor]",
    ),
    Mutant(
        "G12",
        "a store sees the offers that others make each other",
        "services/custody/queries/visibility.py",
        "Relation.RELEASER: lambda actor: _offer.from_org == actor.org,",
        "Relation.RELEASER: lambda actor: _offer.from_org != actor.org,",
        "tests/authorisation/test_every_cell.py::test_g12_every_cell_is_as_stated[custodian]",
    ),
    Mutant(
        "G12",
        "reads are for everyone",
        "services/custody/queries/visibility.py",
        "return or_(false(), *(conditions[relation](actor) for relation in sorted(granted) if relation in conditions))",
        "return or_(true(), *(conditions[relation](actor) for relation in sorted(granted) if relation in conditions))",
        f"{_TESTS}api/test_standing.py::test_g12_each_account_sees_what_it_has_standing_in",
    ),
    Mutant(
        "G12",
        "what does not exist is looked for by other statements",
        "services/custody/rules/footprint.py",
        "return tuple(Lock(noun, tuple(sorted(ids)) or (NOBODY,), mode) for noun, ids, mode in wanted if noun in reached)",
        "return tuple(Lock(noun, tuple(sorted(ids)), mode) for noun, ids, mode in wanted if ids)",
        f"{_TESTS}api/test_same_answer.py::test_g12_an_act_on_what_is_unknown_and_on_what_is_not_yours",
    ),
    Mutant(
        "G12",
        "tokens are judged by keys of any age",
        "shared/issuer_keys.py",
        "return self._fetched is not None and self.age() < self._stale",
        "return self._fetched is not None",
        "tests/shared/test_issuer_keys.py::test_g12_an_outage_is_bridged_for_so_long_and_then_nobody_is_judged",
    ),
    Mutant(
        "G12",
        "a dismissed auditor goes on reading",
        "services/audit/readers.py",
        'self._appointed[self._digests.get(subject, "")].discard(subject)',
        "del subject",
        "tests/services/audit/test_readers.py::test_g12_a_courts_appointment_stands_beside_the_account_until_a_court_ends_it",
    ),
    Mutant(
        "G12",
        "a token's scope opens the ledger to a laboratory",
        "services/audit/authorise.py",
        "return reader.appointed or reader.role == AUDITOR or (not reader.known and SCOPE in scopes)",
        "return reader.appointed or reader.role == AUDITOR or SCOPE in scopes",
        "tests/services/audit/test_authorise.py::test_g12_no_scope_widens_a_role",
    ),
    Mutant(
        "G12",
        "entries are served to anyone with a token",
        "services/audit/api/tiles.py",
        "await _demand_reader(request, principal)",
        "del principal",
        "tests/services/audit/test_api.py::test_g12_entries_are_for_auditors_and_peers",
    ),
    Mutant(
        "G12",
        "the ledger's writer may write facts in custody's name",
        "deploy/kafka/rights.py",
        '"custody": frozenset({READ, DESCRIBE_CONFIGS}),',
        '"custody": frozenset({READ, WRITE, DESCRIBE_CONFIGS}),',
        "tests/deploy/kafka/test_walls.py::test_g12_each_user_may_do_with_each_topic_exactly_what_the_table_says",
    ),
    Mutant(
        "G12",
        "the broker allows what no rule is about",
        "deploy/local/kafka.py",
        '"allow.everyone.if.no.acl.found": "false",',
        '"allow.everyone.if.no.acl.found": "true",',
        "tests/deploy/kafka/test_walls.py::test_g12_each_user_may_do_with_each_topic_exactly_what_the_table_says",
    ),
)
"""By guarantee."""
