"""Passwords go out of sight and come back, whatever is done to the text around them."""

from hypothesis import given
from hypothesis import strategies as st

from snapgui.core.xml.secrets import count_in, hide, mask, reveal

XML = """<domain><graphics type='vnc' passwd='s3cr3t'/><graphics type="spice" passwd="it's &quot;q&quot;"/>
<disk><source><cookies><cookie name='a'>crumb</cookie></cookies></source></disk><name>passwd</name></domain>"""
PASSWORDS = ("s3cr3t", "it's &quot;q&quot;", "crumb")


def test_hidden_passwords_are_not_in_the_text_and_all_come_back() -> None:
    hidden = hide(XML)
    assert not any(password in hidden.text for password in PASSWORDS)
    assert count_in(XML) == count_in(hidden.text) == len(hidden.values) == 3
    assert reveal(hidden.text, hidden.values) == XML


def test_a_password_follows_its_word_and_a_typed_one_stays() -> None:
    hidden = hide(XML)
    (first, _), (second, _), _ = hidden.values
    swapped = hidden.text.replace(first, "?").replace(second, "typed").replace("?", second)
    shown = reveal(swapped, hidden.values)
    assert "type='vnc' passwd='it's &quot;q&quot;'" in shown
    assert 'type="spice" passwd="typed"' in shown


def test_a_text_that_has_the_words_already_gets_others() -> None:
    text = "<a passwd='hidden(1)' b='hidden-(1)'/><g passwd='x'/>"
    hidden = hide(text)
    assert hidden.values[0][0] not in text
    assert reveal(hidden.text, hidden.values) == text


def test_masked_for_a_look_only() -> None:
    assert all(password not in mask(XML) for password in PASSWORDS)
    assert "passwd='********'" in mask(XML)


@given(st.text(alphabet="<>'\"=/ apsswdcookienme()-1hidn&;", max_size=80))
def test_no_text_is_changed_by_hiding_and_revealing(text: str) -> None:
    hidden = hide(text)
    assert reveal(hidden.text, hidden.values) == text
