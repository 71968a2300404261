from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from diarkit_mockserver.serving.inbox import END, Inbox

BYTES = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", END, b"a", b"bc"])).map(b"".join)


def take_all(packets: list[bytes]) -> list[bytes]:
    """Take sections as they come; those that the end of a packet has cut are put together again."""
    inbox = Inbox()
    sections = [b""]
    for packet in packets:
        inbox.add(packet)
        while inbox.data:
            sections[-1] += bytes(inbox.take_section())
            if sections[-1].endswith(END):
                sections.append(b"")
    return sections


def split(data: bytes) -> list[bytes]:
    parts = data.split(END)
    return [part + END for part in parts[:-1]] + parts[-1:]


@given(data=BYTES, cuts=st.lists(st.integers(0, 60)))
def test_a_section_ends_where_a_head_does_however_it_was_cut(data: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    packets = [data[start:end] for start, end in pairwise(places)]
    assert take_all(packets) == split(data)


def test_a_known_section_is_taken_only_if_all_of_it_is_there_and_no_more() -> None:
    inbox = Inbox()
    for packet, is_taken in ((b"a" + END, True), (b"a" + END + b"b", False), (b"b" + END, False)):
        inbox.clear()
        inbox.add(packet)
        assert inbox.take_equal(b"a" + END) is is_taken
        assert bool(inbox.data) is not is_taken
    inbox.clear()
    inbox.add(b"xx")
    inbox.take_section()
    inbox.add(b"a" + END)
    assert not inbox.take_equal(b"a" + END)  # it is the end of another one
    inbox.clear()
    inbox.add(b"xa" + END)
    inbox.take(1)
    assert not inbox.take_equal(b"xa" + END)


@given(data=st.binary(max_size=50), most=st.integers(1, 60), more=st.binary(min_size=1, max_size=9))
def test_bytes_are_taken_in_their_order_and_up_to_a_number(data: bytes, most: int, more: bytes) -> None:
    inbox = Inbox()
    inbox.add(data)
    taken = bytes(inbox.take(most)) if inbox.data else b""
    assert taken == data[:most]
    inbox.add(more)
    while inbox.data:
        taken += bytes(inbox.take(most))
    assert taken == data + more


def test_what_was_dropped_is_gone() -> None:
    inbox = Inbox()
    inbox.add(b"GET / HTTP/1.1\r\n\r")
    inbox.take_section()
    inbox.add(b"\n")
    inbox.clear()
    assert not inbox.data
    inbox.add(b"\nX")
    assert inbox.take_section() == b"\nX"
