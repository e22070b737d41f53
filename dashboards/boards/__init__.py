"""The boards, written so that they can be read; `dashboards/generate` makes Grafana's JSON of them."""

from boards import acknowledgement, interim_cadence, load_test, operations, overview, upstreams
from boards.board import Board

ALL: list[Board] = [
    overview.BOARD,
    interim_cadence.BOARD,
    acknowledgement.BOARD,
    operations.BOARD,
    upstreams.BOARD,
    load_test.BOARD,
]
"""Every board, in the order in which one looks at them."""
