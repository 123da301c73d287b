// What is bad about bad.cpp.
#pragma once

enum class Flaw {
  // clang-format off
  none, aborts_at_exit, aborts_on_bytes, aborts_on_configuration, aborts_on_operation,
  aborts_on_refusal, begins_for_no_time, blocks_signal, changes_directory, changes_environment,
  changes_locale, changes_umask, connects_in_open, exits, finds_network, holds_key, holds_secret,
  ignores_cancel, ignores_deadline, ignores_refusal, ignores_refusal_of_description,
  installs_handler, invents_effect, invents_retry, is_bound_to_thread, keeps_call, keeps_config,
  keeps_host, knows_any_extension, knows_any_id, leaks_descriptor, leaks_thread, leaves_callback,
  leaves_callback_on_failure, leaves_slot_begun, leaves_slot_on_failure, lists_no_reason,
  names_no_status, needs_no_secret, notes_no_json, notes_too_much, opens_never, opens_once,
  prints, prints_secret, reads_beyond_table, reads_beyond_text, redescribes, repeats_unsure,
  says_nothing, secret_in_failure, secret_in_log, secret_in_note, secret_in_response,
  shares_state, shortens_failure, speaks_no_words, starts_once, throws, undeclared_secret,
  waits_beyond_deadline, waits_uncancelled, wants_exact_tables, writes_to_request,
  // clang-format on
};

extern const Flaw kFlaw;
