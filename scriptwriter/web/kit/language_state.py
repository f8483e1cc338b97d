"""State of the reader's language."""

import reflex as rx

from scriptwriter.api.auth.request_language import preferred


class LanguageState(rx.State):
    """The language in which a person reads. The browser can write it, so only texts depend on it.

    `chosen` ("zh", "en", "" for nothing yet) is kept by the browser.
    """

    chosen: rx.Field[str] = rx.field(rx.LocalStorage("", name="scriptwriter_language", sync=True))

    @rx.var
    def language(self) -> str:
        """The language of the page ("zh", "en"): as chosen, and until then as the browser's own."""
        return self.chosen if self.chosen in ("zh", "en") else preferred(self.router.headers.accept_language)

    @rx.event
    def switch_language(self) -> None:
        """From Chinese to English, and back."""
        self.chosen = "zh" if self.language == "en" else "en"
