// Asks the browser for a passkey, or to make one, and sends what it says with the form around. On the page:
//   data-passkey="get" or "create", with data-options (JSON of the specification) and a field named `answer` inside
//   data-passkey-start    the button that asks (again); data-now beside data-passkey: ask at once
//   data-passkey-failed   shown when nothing came of it; data-passkey-missing: shown where the browser has no passkeys
//   data-passkey-only     anywhere: shown where the browser has them
const isPossible = Boolean(globalThis.PublicKeyCredential && navigator.credentials);

const toBytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const toText = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const withBytes = (list) => (list || []).map((one) => ({ ...one, id: toBytes(one.id) }));

function optionsOf(place) {
  const options = JSON.parse(place.dataset.options);
  options.challenge = toBytes(options.challenge);
  if (place.dataset.passkey === "get") return { ...options, allowCredentials: withBytes(options.allowCredentials) };
  return { ...options, user: { ...options.user, id: toBytes(options.user.id) }, excludeCredentials: withBytes(options.excludeCredentials) };
}

function answerOf(made) {
  const response = { clientDataJSON: toText(made.response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[name]) response[name] = toText(made.response[name]);
  }
  if (made.response.getTransports) response.transports = made.response.getTransports();
  return JSON.stringify({ id: made.id, rawId: toText(made.rawId), type: made.type, response });
}

async function ask(place, form, start) {
  const failed = place.querySelector("[data-passkey-failed]");
  start.disabled = true;
  failed.hidden = true;
  try {
    form.elements.answer.value = answerOf(await navigator.credentials[place.dataset.passkey]({ publicKey: optionsOf(place) }));
    form.submit();
  } catch {
    start.disabled = false;
    failed.hidden = false;
  }
}

for (const element of document.querySelectorAll("[data-passkey-only]")) element.hidden = !isPossible;
for (const place of document.querySelectorAll("[data-passkey]")) {
  const form = place.closest("form");
  const start = place.querySelector("[data-passkey-start]");
  place.querySelector("[data-passkey-missing]").hidden = isPossible;
  start.hidden = !isPossible;
  const instead = (event) => {
    event.preventDefault();
    if (form.reportValidity()) ask(place, form, start);
  };
  start.addEventListener("click", instead);
  form.addEventListener("submit", instead);
  if (isPossible && "now" in place.dataset) ask(place, form, start);
}
