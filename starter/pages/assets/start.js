// What a page does beyond what it does without scripts: the components of govuk-frontend, and a word before the
// session ends. Nothing here submits or fetches anything.
import { initAll } from "./govuk-frontend.min.js";

const WARN_BEFORE_MS = 5 * 60 * 1000;
const LOOK_AGAIN_MS = 30 * 1000; // a computer that slept has lost its timers' sense of time

function warnBefore(ends, warning) {
  const wait = ends - WARN_BEFORE_MS - Date.now();
  if (wait > 0) {
    setTimeout(warnBefore, Math.min(wait, LOOK_AGAIN_MS), ends, warning);
  } else {
    warning.setAttribute("role", "alert"); // read out, and the focus stays where somebody may be writing
    warning.hidden = false;
  }
}

document.body.classList.add("js-enabled");
if ("noModule" in HTMLScriptElement.prototype) {
  document.body.classList.add("govuk-frontend-supported");
  initAll();
}

const ends = Date.parse(document.body.dataset.sessionEnds);
const warning = document.getElementById("session-warning");
if (warning && !Number.isNaN(ends)) {
  warnBefore(ends, warning);
}
