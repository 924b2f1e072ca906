// What a screen reader says beside the place of the reader: that something was done, or came.

let timer;

export function announce(text) {
  const place = document.getElementById('polite');
  clearTimeout(timer);
  place.textContent = '';
  // The same words twice are only told when the place was empty in between.
  timer = setTimeout(() => { place.textContent = text; }, 60);
}
