// Notes, in every tab, when each write was first seen: in a websocket message, and in the page.
// A write is known by its marker, `#` and six digits; times are milliseconds since 1970.
"use strict";

(() => {
  const MARKER = /#(\d{6})/;
  const frames = {};
  const shown = {};
  const now = () => performance.timeOrigin + performance.now();
  const note = (times, text) => {
    const found = typeof text === "string" && MARKER.exec(text);
    if (found) times[Number(found[1])] ??= now();
  };

  // Registered in the constructor: it hears a message before the page does.
  window.WebSocket = class extends window.WebSocket {
    constructor(...address) {
      super(...address);
      this.addEventListener("message", (event) => note(frames, event.data));
    }
  };

  new MutationObserver((records) => {
    for (const record of records) {
      if (record.type === "characterData") note(shown, record.target.data);
      for (const node of record.addedNodes) note(shown, node.textContent);
    }
  }).observe(document, { subtree: true, childList: true, characterData: true });

  // By how much this tab's clock is ahead of the system's: seen where the system's millisecond turns over.
  const ahead = () => {
    const differences = [];
    for (let turn = 0; turn < 5; turn++) {
      const before = Date.now();
      while (Date.now() === before);
      differences.push(now() - Date.now());
    }
    return Math.min(...differences);
  };

  window.benchmark = () => ({ frames, shown, ahead: ahead(), visible: document.visibilityState === "visible" });
})();
