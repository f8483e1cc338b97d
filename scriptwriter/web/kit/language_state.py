"""State of the reader's language."""

import reflex as rx

from scriptwriter.api.auth.request_language import preferred


class LanguageState(rx.State):
    """The language of the page. A client can send any value, so only the choice of texts depends on it.

    `chosen` ("zh", "en", "" for no choice yet) is kept in the browser's local storage.
    """

    chosen: rx.Field[str] = rx.field(rx.LocalStorage("", name="scriptwriter_language", sync=True))

    @rx.var
    def language(self) -> str:
        """The language of the page, "zh" or "en": the chosen one, or that of the browser's settings."""
        return self.chosen if self.chosen in ("zh", "en") else preferred(self.router.headers.accept_language)

    @rx.event
    def switch_language(self) -> None:
        """Switch between Chinese and English."""
        self.chosen = "zh" if self.language == "en" else "en"
