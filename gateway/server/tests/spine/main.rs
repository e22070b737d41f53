//! The whole gateway on real sockets: one list of scenarios over HTTP/1.1, 2 and 3, and what
//! HTTP/1.0 gets in their place.

#![expect(unreachable_pub, reason = "the modules of a test are its own")]

mod callback;
mod client;
mod h2_origin;
mod http10;
mod log;
mod origin;
mod retrying;
mod scenarios;
mod world;

use client::Wire;

/// Every scenario on every wire: `scenario::wire` in the test's name.
macro_rules! matrix {
    ($($scenario:ident),+ $(,)?) => {$(
        mod $scenario {
            use super::Wire;

            #[tokio::test]
            async fn http11() {
                super::scenarios::$scenario(Wire::Http11).await;
            }

            #[tokio::test]
            async fn h2() {
                super::scenarios::$scenario(Wire::H2).await;
            }

            #[tokio::test]
            async fn h3() {
                super::scenarios::$scenario(Wire::H3).await;
            }
        }
    )+};
}

matrix!(
    opted_in_sees_heads_and_one_final,
    the_gist_dialect_has_comments,
    not_opted_in_sees_the_final_alone,
    a_quick_response_is_just_sent,
    silence_is_filled_with_bare_heads,
    respond_async_gets_a_202_and_the_result_later,
    respond_async_gets_the_response_if_it_is_in_time,
    wait_alone_is_no_permission_for_a_202,
    disconnect_and_return_by_the_status_uri,
    a_client_that_leaves_unannounced_cancels,
    a_status_document_is_followed_with_heads,
    cancel_by_delete,
    the_deadline_is_a_504_and_a_202_for_who_asked,
    a_silent_origin_stalls,
    origin_faults_are_502_with_their_cause,
    an_origin_that_dies_after_heads,
    early_hints_are_relayed_except_on_http11,
    an_upload_resumption_is_relayed_and_takes_location,
    plain_routes_stream_both_ways,
    bodies_larger_than_all_windows_pass_both_ways,
    head_and_empty_responses,
    unknown_routes_are_404,
    a_drain_answers_each_as_it_asked,
    who_asked_gets_a_whole_202_before_the_deadline,
    an_origin_that_sends_104_keeps_its_location,
    who_did_not_opt_in_is_not_told_of_progress,
    a_result_that_is_not_kept_does_not_wait_for_itself,
    the_result_of_a_head_has_no_length_of_another,
    a_result_that_nobody_reads_has_the_length_that_was_told,
    the_last_progress_is_that_of_the_final_head,
    content_that_stops_is_cut_at_the_deadline,
    content_that_stops_has_stalled,
    a_slow_upload_is_not_the_origins_silence,
    heads_relayed_on_plain_routes_are_counted,
    a_long_result_streams_and_is_gone_later,
    no_media_type_no_label_breaks_a_document,
    too_many_reads_are_429,
    a_long_poll_without_a_change_is_304,
    return_minimal_is_fields_alone,
    d_a_result_is_not_deleted_by_itself,
    d_a_held_read_says_what_is_honoured,
    b7_a_held_read_keeps_to_its_routes_budget,
    b9_a_denied_client_is_not_held_in_silence,
    accept_async_always_answers_everybody,
    accept_async_never_holds_to_the_end,
    interim_always_needs_no_preference,
    interim_never_is_silent_also_to_held_reads,
    on_disconnect_cancel_ends_what_was_announced,
    maximum_heads_is_a_budget,
    client_profiles_are_kept_to,
    what_origins_report_is_counted,
    who_follows_is_counted_while_it_does,
    the_first_signal_is_counted_once,
    b15_trace_is_501_and_has_no_duration,
    a_trace_goes_on_to_the_origin_and_into_the_log,
    hostile_traces_begin_anew_and_are_in_no_log,
    a_202_is_logged_without_an_origins_time,
    events_follow_an_operation_to_its_end,
    a_stream_of_events_resumes_and_stops,
    the_page_is_confined_and_its_files_are_for_caches,
    s_18_no_other_site_cancels,
    a_202_never_is_a_stream,
    x16_each_reader_has_a_language,
    l10_05_no_language_is_guessed,
    s_02_to_anybody_else_an_operation_is_unknown,
    s_01_an_address_has_a_budget_of_misses,
    s_02_its_owner_reads_follows_and_cancels,
    sec_02_routes_choose_what_binds,
    sec_02_heads_announce_to_the_owner,
    sec_04_an_owner_has_a_budget,
    sec_04_a_route_and_an_address_have_budgets,
    s_03_no_credential_and_no_capability_is_logged,
    doc_10_cancel_closes_the_connection_of_an_http1_origin,
    doc_10_cancel_resets_the_stream_of_an_h2_origin,
    doc_10_cancel_is_what_the_next_callback_hears,
    cre_01_a_201_is_final_and_its_operation_goes_on,
    cre_03_the_operation_is_the_one_that_was_announced,
    cre_03_who_opts_in_is_held_until_it_is_made,
    cre_03_head_is_held_and_respond_async_gets_a_202,
    cre_03_a_canceled_or_failed_operation_holds_nobody,
    cre_03_a_foreign_location_is_not_watched,
    cre_03_a_drain_answers_who_is_held,
    sec_01_a_capability_is_not_told_to_who_finds_the_resource,
    cre_02_any_other_201_is_the_end,
    idk_01_the_field_goes_on_as_it_is,
    idk_01_what_is_not_recognized_is_forwarded_each_time,
    idk_03_what_has_ended_is_replayed,
    idk_03_another_content_is_422,
    s_07_a_key_belongs_to_its_owner_method_and_target,
    idk_03_what_runs_is_409_to_who_asks_for_nothing,
    idk_03_who_opts_in_follows_what_runs,
    idk_03_respond_async_gets_the_same_202,
    idk_03_who_leaves_comes_back_to_the_same_operation,
    idk_03_who_broke_off_begins_anew,
    idk_03_what_is_still_received_is_409_after_a_while,
    idk_03_of_two_at_the_same_moment_one_is_forwarded,
    idk_03_a_result_that_is_not_kept_is_410,
    idk_03_a_failure_stays_what_it_was,
    idk_03_who_was_not_forwarded_may_try_again,
    idk_04_a_key_is_forgotten_with_its_operation,
    idk_02_without_room_nothing_is_forwarded,
    sec_04_a_repetition_takes_no_place,
    idk_03_what_ends_by_callback_is_repeated,
    idk_03_what_was_answered_too_soon_is_409,
);
