//! The whole gateway on real sockets: one list of scenarios over HTTP/1.1, 2 and 3, and what
//! HTTP/1.0 gets in their place.

#![expect(unreachable_pub, reason = "the modules of a test are its own")]

mod client;
mod http10;
mod origin;
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
    a_long_result_streams_and_is_gone_later,
    no_media_type_no_label_breaks_a_document,
);
