// Exports ideas: copies them as text, or downloads a file. The file is fetched and then saved, because the submit of
// a form would fire beforeunload, at which Reflex closes the websocket.
"use strict";

(() => {
  const SHOWN = 4000; // milliseconds for which a message is shown
  const KEPT = 60000; // milliseconds until the object URL of a file is revoked

  const tell = (form, what, words) => {
    for (const each of form.querySelectorAll("[data-says]")) each.hidden = true;
    const said = form.querySelector(`[data-says="${what}"]`);
    if (words) said.textContent = words;
    said.hidden = false;
    if (!words) setTimeout(() => (said.hidden = true), SHOWN);
  };

  // The response to the form; throws an Error with the server's sentence as its message.
  const ask = async (form, format) => {
    const data = new FormData(form);
    data.set("format", format);
    const address = new URL(form.action);
    address.search = new URLSearchParams([...data]).toString();
    const answer = await fetch(address, {
      credentials: "include",
      headers: { "Accept-Language": data.get("language") },
    });
    if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).message ?? "");
    return answer;
  };

  const nameOf = (answer) => {
    const named = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get("Content-Disposition") ?? "");
    return named ? decodeURIComponent(named[1]) : "scriptwriter";
  };

  const save = async (answer) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = nameOf(answer);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), KEPT);
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("[data-downloads]");
    if (!form) return;
    event.preventDefault();
    const button = event.submitter;
    if (button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    try {
      await save(await ask(form, button.value));
      for (const each of form.querySelectorAll("[data-says]")) each.hidden = true;
    } catch (error) {
      // A TypeError of fetch has a technical message about the network.
      const words = error instanceof TypeError ? "" : error.message;
      tell(form, words ? "refused" : "unsaved", words);
    } finally {
      button.ariaBusy = null;
    }
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copies]");
    if (!button) return;
    const form = button.closest("form");
    try {
      // Safari allows clipboard writes only during the click, so the item gets a promise of the text.
      const text = ask(form, "text").then((answer) => answer.text());
      const coming = text.then((words) => new Blob([words], { type: "text/plain" }));
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": coming })]);
      tell(form, "copied");
    } catch {
      tell(form, "failed");
    }
  });

  document.addEventListener("click", ({ target }) => {
    const opener = target.closest("[data-shows]");
    if (opener) document.getElementById(opener.dataset.shows)?.showModal();
  });
})();
