"""What a receiver can rely on: signatures as the standard has them, and pauses that grow."""

import pytest

from nas_service.domain.webhooks import LONGEST_PAUSE_S, MOST_ATTEMPTS, is_genuine, pause_s, signed_headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY, NOW_S = b'{"test": 2432232314}', 1614265330.0
HEADERS = signed_headers(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", BODY, NOW_S)


def test_the_signature_is_that_of_the_standards_own_example() -> None:
    assert HEADERS["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_was_signed_is_genuine_among_signatures_of_other_secrets_too() -> None:
    assert is_genuine(SECRET, HEADERS, BODY, NOW_S + 60)
    several = HEADERS | {"webhook-signature": f"v1,b3RoZXI= {HEADERS['webhook-signature']}"}
    assert is_genuine(SECRET, several, BODY, NOW_S)


@pytest.mark.parametrize(
    ("changed", "body", "now_s"),
    [
        ({}, b"{}", NOW_S),
        ({"webhook-id": "another"}, BODY, NOW_S),
        ({"webhook-timestamp": "1614265331"}, BODY, NOW_S),
        ({"webhook-timestamp": "soon"}, BODY, NOW_S),
        ({"webhook-signature": ""}, BODY, NOW_S),
        ({}, BODY, NOW_S + 301),
    ],
)
def test_whatever_is_changed_or_old_is_not_genuine(changed: dict[str, str], body: bytes, now_s: float) -> None:
    assert not is_genuine(SECRET, HEADERS | changed, body, now_s)


def test_pauses_double_up_to_an_hour_and_last_some_hours_in_all() -> None:
    pauses = [pause_s(attempt) for attempt in range(1, MOST_ATTEMPTS)]
    assert pauses[:3] == [15.0, 30.0, 60.0]
    assert max(pauses) == LONGEST_PAUSE_S
    assert 3 * 3600 < sum(pauses) < 6 * 3600
