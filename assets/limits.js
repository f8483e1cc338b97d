// Length limits of text fields: counts the characters, shows by how many a text is too long, and blocks the submit of
// a form with such a text. Text is never cut.
"use strict";

(() => {
  const NEAR = 0.9; // share of the limit from which on the count is shown

  // In code points without surrounding white space, as the server counts.
  const excess = (field) => [...field.value.trim()].length - Number(field.dataset.limit);

  const tell = (field) => {
    const note = field.closest(".counted").querySelector(".count");
    const limit = Number(field.dataset.limit);
    const over = excess(field);
    note.hidden = over < (NEAR - 1) * limit;
    note.classList.toggle("over", over > 0);
    if (note.hidden) return;
    const digits = (number) => number.toLocaleString("en");
    note.textContent =
      over > 0
        ? note.dataset.over.replace(note.dataset.marker, digits(over))
        : `${digits(limit + over)} / ${digits(limit)}`;
  };

  document.addEventListener(
    "input",
    (event) => {
      if (event.target.dataset?.limit === undefined) return;
      tell(event.target);
      // A search field sends its text on each input event: stop one that is too long.
      if (event.target.type === "search" && excess(event.target) > 0) event.stopPropagation();
    },
    true,
  );
  document.addEventListener("focusin", ({ target }) => target.dataset?.limit !== undefined && tell(target));

  document.addEventListener(
    "submit",
    (event) => {
      const long = [...event.target.elements].find((field) => field.dataset.limit !== undefined && excess(field) > 0);
      if (!long) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      tell(long);
      long.focus();
    },
    true,
  );
  document.addEventListener("reset", ({ target }) => {
    setTimeout(() => {
      for (const field of target.elements) if (field.dataset.limit !== undefined) tell(field);
    });
  });
})();
