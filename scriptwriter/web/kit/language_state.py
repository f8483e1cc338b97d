"""Owns how a person likes to read: the language, remembered by the browser. Knows no texts."""

import reflex as rx


class PreferencesState(rx.State):
    """The reader's preferences; the browser can write them, so nothing depends on them but words."""

    language: rx.Field[str] = rx.field(rx.LocalStorage("zh", name="scriptwriter_language", sync=True))

    @rx.event
    def switch_language(self) -> None:
        """From Chinese to English, and back."""
        self.language = "zh" if self.language == "en" else "en"
