// Sends the file that a person picks, stays on the page meanwhile, and says there what is wrong with it.
"use strict";

(() => {
  const send = async (input) => {
    const form = input.form;
    const said = (name) => form.querySelector(`[data-says="${name}"]`);
    const problem = said("problem");
    problem.textContent = "";
    said("working").hidden = false;
    input.disabled = true;
    try {
      if (input.files[0].size > Number(problem.dataset.most)) {
        problem.textContent = problem.dataset.tooLarge;
        return;
      }
      // As plain text: a browser asks no leave for that where the page's server is another one, in development.
      const answer = await fetch(form.action, {
        method: "POST",
        body: input.files[0],
        credentials: "include",
        headers: { "content-type": "text/plain", "accept-language": input.closest("[lang]")?.lang ?? "zh" },
      });
      const told = await answer.json();
      if (answer.ok) {
        location.assign(`/projects/${told.projectId}/brainstorm`);
        return;
      }
      problem.textContent = told.message;
    } catch {
      problem.textContent = problem.dataset.otherwise;
    } finally {
      said("working").hidden = true;
      input.disabled = false;
      // So that the same file, mended, can be picked again.
      input.value = "";
    }
  };

  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-imports]") && target.files.length > 0) void send(target);
  });
})();
