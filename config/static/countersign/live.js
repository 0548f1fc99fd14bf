// What htmx alone does not do: say when the page can no longer keep itself true, and never lose what somebody typed.
(() => {
  "use strict";
  const notice = () => document.getElementById("connection");
  const say = (text) => {
    const line = notice();
    if (line && (line.hidden || line.textContent !== text)) {
      line.textContent = text;
      line.hidden = false;
    }
  };
  const offline = () => say("The connection is lost. This page may be out of date; it goes on trying.");

  document.addEventListener("htmx:sendError", offline);
  document.addEventListener("htmx:timeout", offline);
  document.addEventListener("htmx:responseError", (event) => {
    const signedOut = event.detail.xhr.status === 401;
    say(signedOut ? "You are signed out. Sign in again in another tab; what you typed stays here until you leave." : "This page could not be brought up to date; it goes on trying.");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const line = notice();
    if (event.detail.successful && line) line.hidden = true;
  });

  // The form gives way to the outcome only when the gate has closed; then the words typed so far are kept beside it.
  let typed = "";
  let wasInside = false;
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const place = event.detail.target;
    if (!place || place.id !== "answer") return;
    const comment = place.querySelector("#comment");
    typed = comment ? comment.value.trim() : "";
    wasInside = place.contains(document.activeElement);
  });
  document.addEventListener("htmx:oobAfterSwap", () => {
    const place = document.getElementById("answer");
    const jump = document.querySelector(".jump");
    if (place && jump) jump.hidden = place.dataset.shows !== "form";
    if (place && typed) {
      const label = document.createElement("p");
      label.className = "label";
      label.textContent = "What you had typed; it was not sent";
      const words = document.createElement("pre");
      words.className = "said";
      words.textContent = typed;
      place.append(label, words);
    }
    if (place && wasInside) place.focus();
    typed = "";
    wasInside = false;
  });

  // The tab says how many requests wait.
  document.addEventListener("htmx:afterSettle", () => {
    const inbox = document.getElementById("inbox");
    if (!inbox) return;
    const waiting = Number(inbox.dataset.waiting);
    document.title = (waiting ? `(${waiting}) ` : "") + "Inbox · Countersign";
  });
})();
