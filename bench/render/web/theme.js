// Before the page is painted: scripts run here, and the colours that the reader chose.
document.documentElement.dataset.script = "";
try {
  const chosen = localStorage.getItem("bench-theme");
  if (chosen === "dark" || chosen === "light") {
    document.documentElement.dataset.theme = chosen;
  }
} catch {
  // A page opened from a file may not be allowed to use localStorage.
}
