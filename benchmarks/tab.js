// Records in each tab when each write first appeared in a websocket message and in the page.
// The marker of a write is `#` and six digits. Times are milliseconds since 1970.
"use strict";

(() => {
  const MARKER = /#(\d{6})/;
  const frames = {};
  const shown = {};
  const now = () => performance.timeOrigin + performance.now();
  const recordTime = (times, text) => {
    const found = typeof text === "string" && MARKER.exec(text);
    if (found) times[Number(found[1])] ??= now();
  };

  // The constructor adds the listener, so it is called before the page's own listeners.
  window.WebSocket = class extends window.WebSocket {
    constructor(...address) {
      super(...address);
      this.addEventListener("message", (event) => recordTime(frames, event.data));
    }
  };

  new MutationObserver((records) => {
    for (const record of records) {
      if (record.type === "characterData") recordTime(shown, record.target.data);
      for (const node of record.addedNodes) recordTime(shown, node.textContent);
    }
  }).observe(document, { subtree: true, childList: true, characterData: true });

  // How far this tab's clock is ahead of Date.now(), measured at the moment when Date.now() changes.
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
