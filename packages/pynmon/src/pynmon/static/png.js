// The picture of a timeline as pixels, made by the browser from the one that the server draws.
(() => {
  "use strict";
  const picture = document.querySelector("[data-picture]");
  if (!picture) return;
  // Browsers draw no canvas that is much higher.
  const HIGHEST = 12000;

  async function save() {
    const response = await fetch(picture.href);
    if (!response.ok) return;
    const image = new Image();
    image.src = `data:image/svg+xml,${encodeURIComponent(await response.text())}`;
    await image.decode();
    const scale = Math.min(2, HIGHEST / image.naturalHeight);
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth * scale;
    canvas.height = image.naturalHeight * scale;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    const link = document.createElement("a");
    link.href = canvas.toDataURL("image/png");
    link.download = "timeline.png";
    link.click();
  }

  const link = document.createElement("a");
  link.href = picture.href;
  link.textContent = "PNG";
  link.addEventListener("click", (event) => { event.preventDefault(); save(); });
  picture.after(" ", link);
})();
