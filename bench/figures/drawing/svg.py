"""An SVG of a figure for pages: small, of the page's colours, with text as text.

matplotlib's own SVG backend writes letters as outlines or without their width, a
group and an id for each artist, and colours that a dark page cannot change. This one
writes text with the width that the layout measured, shared markers, whole numbers, and
ink as the page's custom properties.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from io import BytesIO
from itertools import groupby
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox, Transform
from PIL import Image

from bench.base import digest
from bench.figures.drawing.theme import FAINT, INK, OF_CLASSIFIER, PAPER

# The figure's own colours → custom properties of the page, with these as a fallback.
_VARIABLES = {
    INK.lower(): "currentColor",  # the root's colour, shorter than the property
    FAINT.lower(): "var(--soft,#6b6b6b)",
    PAPER.lower(): "var(--paper,#fff)",
}
_UNITS = 10  # a pixel of the layout; so that coordinates are whole numbers
_SCREEN = 160  # pixels of a page for an inch of the figure
_ID = "\ue001"  # stands for the prefix of ids, which depends on the content
# The layout is measured with the first font; the second has nearly its widths.
_FAMILY = "DejaVu Sans,Verdana,sans-serif"
_JOINS = {"miter": "miter", "round": "round", "bevel": "bevel"}
_CAPS = {"butt": "butt", "round": "round", "projecting": "square"}


def svg_of(figure: Figure) -> bytes:
    """Return the SVG of a figure that has its layout; it has no background.

    Each id begins with a fingerprint of the figure, so that many of these can stand in
    one page. An artist whose gid is `OF_CLASSIFIER` and a name becomes a group with
    the attribute ``data-classifier``.
    """
    renderer = SVGRenderer(figure)
    patches = [figure.patch, *(ax.patch for ax in figure.axes)]
    visible = [patch.get_visible() for patch in patches]
    for patch in patches:
        patch.set_visible(False)
    try:
        figure.draw(renderer)
    finally:
        for patch, was in zip(patches, visible, strict=True):
            patch.set_visible(was)
    return renderer.content()


_Clip = tuple[float, float, float, float]  # x0, y0, x1, y1 in pixels


class SVGRenderer(RendererBase):
    """Draws a figure at its own dots per inch, as the layout was measured.

    Parameters
    ----------
    figure
        The figure; its size and dots per inch are those of the drawing.
    """

    def __init__(self, figure: Figure) -> None:
        super().__init__()
        self.dpi = figure.dpi
        self.width, self.height = figure.bbox.size
        self._formulas = MathTextParser("path")
        self._parts: list[str] = []
        self._groups: list[bool] = []
        self._ids: dict[str, str] = {}

    def content(self) -> bytes:
        """Return the file."""
        inches = self.width / self.dpi, self.height / self.dpi
        width, height = (f"{_SCREEN * size:g}" for size in inches)
        box = " ".join(str(_units(size)) for size in (self.width, self.height))
        body = "\n".join(self._parts)
        body = body.replace(_ID, f"f{digest(body)[:7]}-")
        sizes = re.findall(r'<text [^>]*( font-size="\d+")', body)
        usual = max(sizes, key=sizes.count, default="")  # the first of several
        body = body.replace(usual, "") if usual else body
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
            f'height="{height}" viewBox="0 0 {box}" color="var(--ink,{INK})" '
            f'font-family="{_FAMILY}" stroke-linejoin="round" fill="none"{usual}>\n'
            f"{body}\n</svg>\n"
        ).encode()

    # What matplotlib's artists call.

    def get_canvas_width_height(self) -> tuple[float, float]:
        """Return the size of the drawing in pixels."""
        return self.width, self.height

    def points_to_pixels(self, points: Any) -> Any:
        """Turn points, 72 of which make an inch, into pixels."""
        return points * self.dpi / 72

    def open_group(self, s: str, gid: str | None = None) -> None:
        """Begin a group, which is written for a classifier's artists only."""
        named = bool(gid) and str(gid).startswith(OF_CLASSIFIER)
        self._groups.append(named)
        if named:
            name = quoteattr(str(gid).removeprefix(OF_CLASSIFIER))
            self._parts.append(f"<g data-classifier={name}>")

    def close_group(self, s: str) -> None:
        """End a group."""
        if self._groups.pop():
            if self._parts[-1].startswith("<g data"):
                self._parts.pop()  # nothing was drawn in it
            else:
                self._parts.append("</g>")

    def draw_path(
        self,
        gc: GraphicsContextBase,
        path: Path,
        transform: Transform,
        rgbFace: Any = None,
    ) -> None:
        """Draw a line or an area."""
        clip = None if rgbFace is not None else (0, 0, self.width, self.height)
        words, box = self._outline(path, transform, clip)
        if words:
            style = self._style(gc, rgbFace)
            if style:
                self._parts.append(f'<path d="{words}"{style}{self._clip(gc, box)}/>')

    def draw_markers(
        self,
        gc: GraphicsContextBase,
        marker_path: Path,
        marker_trans: Transform,
        path: Path,
        trans: Transform,
        rgbFace: Any = None,
    ) -> None:
        """Draw one marker at many points: it is written once."""
        points = trans.transform(path.vertices)
        inside = np.isfinite(points).all(1)
        inside &= ((points >= -1) & (points <= [self.width + 1, self.height + 1])).all(
            1
        )
        points = points[inside]
        style = self._style(gc, rgbFace)
        if not len(points) or not style:
            return
        flipped = marker_trans + Affine2D().translate(0, self.height)
        words, _ = self._outline(marker_path, flipped, None)
        mark = self._id(
            'marker overflow="visible" markerUnits="userSpaceOnUse"',
            f'<path d="{words}"{style}/>',
        )
        x, y = _units(points[:, 0]), _units(self.height - points[:, 1])
        places = _joined("M", [n for pair in zip(x, y, strict=True) for n in pair])
        ends = "" if len(points) == 1 else f' marker-end="url(#{mark})"'
        middle = "" if len(points) <= 2 else f' marker-mid="url(#{mark})"'
        box = Bbox([points.min(0), points.max(0)])
        self._parts.append(
            f'<path d="{places}{"z" if len(points) == 1 else ""}" '
            f'marker-start="url(#{mark})"{middle}{ends}{self._clip(gc, box)}/>'
        )

    def draw_image(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        im: Any,
        transform: Any = None,
    ) -> None:
        """Draw an image of pixels, inside the file."""
        height, width = im.shape[:2]
        content = BytesIO()
        # Its first row is the lowest: matplotlib counts pixels from below.
        Image.fromarray(im[::-1]).save(content, "png", optimize=True)
        self._parts.append(
            f'<image x="{_units(x)}" y="{_units(self.height - y - height)}" '
            f'width="{_units(width)}" height="{_units(height)}" '
            f'href="data:image/png;base64,{b64encode(content.getvalue()).decode()}"/>'
        )

    def draw_text(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: Any,
        angle: float,
        ismath: Any = False,
        mtext: Any = None,
    ) -> None:
        """Draw a line of text, of the width that it has in the layout."""
        if ismath:
            self._draw_formula(gc, x, y, s, prop, angle)
            return
        size = self.points_to_pixels(prop.get_size_in_points())
        left, top = _units(x), _units(y)
        words = f'<text x="{left}" y="{top}" font-size="{_units(size)}"'
        if len(s) > 1:
            # The width between two bars is that of the text with its side bearings.
            measured = [
                self.get_text_width_height_descent(text, prop, False)[0]
                for text in (f"|{s}|", "||")
            ]
            width = _units(measured[0] - measured[1])
            words += f' textLength="{width}"'
        if str(prop.get_weight()) in ("bold", "700"):
            words += ' font-weight="bold"'
        if prop.get_style() == "italic":
            words += ' font-style="italic"'
        if angle:
            words += f' transform="rotate({-angle:g} {left} {top})"'
        words += _paint("fill", (*gc.get_rgb()[:3], gc.get_alpha()))
        self._parts.append(f"{words}>{escape(s)}</text>")

    def _draw_formula(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: Any,
        angle: float,
    ) -> None:
        """Draw mathtext: letters at the places that its layout gives them."""
        parsed = self._formulas.parse(s, self.dpi, prop)
        place = f'transform="translate({_units(x)} {_units(y)})'
        place += f' rotate({-angle:g})"' if angle else '"'
        paint = _paint("fill", (*gc.get_rgb()[:3], gc.get_alpha()))
        parts = []
        # Letters of one font and size are one text.
        for (font, size), glyphs in groupby(
            parsed.glyphs, lambda glyph: (glyph[0], glyph[1])
        ):
            # A page drops spaces at ends, and with them the places of later letters.
            found = [(chr(g[2]), *g[-2:]) for g in glyphs if not chr(g[2]).isspace()]
            if not found:
                continue
            across = " ".join(str(_units(left)) for _, left, _ in found)
            up = dict.fromkeys(str(-_units(height)) for _, _, height in found)
            heights = up if len(up) == 1 else [str(-_units(h)) for _, _, h in found]
            style = ' font-style="italic"' if "Oblique" in font.style_name else ""
            letters = escape("".join(letter for letter, _, _ in found))
            size = _units(self.points_to_pixels(size))
            parts.append(
                f'<text x="{across}" y="{" ".join(heights)}" '
                f'font-size="{size}"{style}>{letters}</text>'
            )
        for left, low, width, height in parsed.rects:
            parts.append(
                f'<rect x="{_units(left)}" y="{-_units(low + height)}" '
                f'width="{_units(width)}" height="{max(1, _units(height))}"/>'
            )
        self._parts.append(f"<g {place}{paint}>{''.join(parts)}</g>")

    def draw_path_collection(
        self,
        gc: GraphicsContextBase,
        master_transform: Transform,
        paths: Any,
        all_transforms: Any,
        offsets: Any,
        offset_trans: Any,
        facecolors: Any,
        *args: Any,
        **options: Any,
    ) -> None:
        """Draw areas; neighbours of one style, such as cells, become one path."""
        first = len(self._parts)
        super().draw_path_collection(
            gc,
            master_transform,
            paths,
            all_transforms,
            offsets,
            offset_trans,
            facecolors,
            *args,
            **options,
        )
        joined: list[str] = []
        for part in self._parts[first:]:
            outline, _, rest = part.removeprefix('<path d="').partition('"')
            is_same = bool(joined) and joined[-1].endswith(f'"{rest}')
            if is_same and rest.startswith(' fill="') and "opacity" not in rest:
                joined[-1] = joined[-1].removesuffix(f'"{rest}') + f'{outline}"{rest}'
            else:
                joined.append(part)
        self._parts[first:] = joined

    # How its parts are written.

    def _outline(
        self,
        path: Path,
        transform: Transform,
        clip: tuple[float, float, float, float] | None,
    ) -> tuple[str, Bbox]:
        """Return the data of a path, with relative whole numbers, and its extent."""
        flip = Affine2D().scale(1, -1).translate(0, self.height)
        words: list[str] = []
        at = np.zeros(2, dtype=int)
        start = at
        points = []
        letters = {Path.LINETO: "l", Path.CURVE3: "q", Path.CURVE4: "c"}
        for vertices, code in path.iter_segments(
            transform, remove_nans=True, clip=clip, snap=False
        ):
            if code == Path.CLOSEPOLY:
                words.append("z")
                at = start
                continue
            pixels = np.asarray(vertices).reshape(-1, 2)
            points.append(pixels)
            whole = _whole(flip.transform(pixels))
            if code == Path.MOVETO:
                words.append(_joined("M", whole.ravel().tolist()))
                start = at = whole[-1]
                continue
            step = (whole - at).ravel().tolist()
            if any(step) or words[-1].startswith("M"):
                letter = letters[code]
                if letter == "l" and not all(step):  # across or along alone
                    letter, step = ("v", step[1:]) if step[1] else ("h", step[:1])
                words.append(_joined(letter, step))
            at = whole[-1]
        if not points:
            return "", Bbox.unit()
        extent = np.concatenate(points)
        return _shortened(words), Bbox([extent.min(0), extent.max(0)])

    def _style(self, gc: GraphicsContextBase, face: Any) -> str:
        """Return the attributes of a line and an area; nothing if neither shows."""
        forced = gc.get_forced_alpha()
        words = ""
        if face is not None and (len(face) < 4 or face[3] > 0):
            alpha = gc.get_alpha() if forced or len(face) < 4 else face[3]
            words += _paint("fill", (*face[:3], alpha))
        width = self.points_to_pixels(gc.get_linewidth())
        rgb = gc.get_rgb()
        if width > 0 and rgb[3] > 0:
            alpha = gc.get_alpha() if forced else rgb[3]
            words += _paint("stroke", (*rgb[:3], alpha))
            words += f' stroke-width="{_units(width)}"'
            if gc.get_joinstyle() != "round":
                words += f' stroke-linejoin="{_JOINS[gc.get_joinstyle()]}"'
            if gc.get_capstyle() != "butt":
                words += f' stroke-linecap="{_CAPS[gc.get_capstyle()]}"'
            _, dashes = gc.get_dashes()
            if dashes is not None:
                lengths = self.points_to_pixels(np.asarray(dashes, dtype=float))
                words += f' stroke-dasharray="{_joined("", _units(lengths))}"'
        return words

    def _clip(self, gc: GraphicsContextBase, box: Bbox) -> str:
        """Return the attribute that clips a drawing, if it reaches beyond its clip."""
        words = ""
        frame = gc.get_clip_rectangle()
        if frame is not None:
            x0, y0, x1, y1 = frame.extents
            pad = 0.5
            if (
                box.x0 < x0 - pad
                or box.y0 < y0 - pad
                or box.x1 > x1 + pad
                or box.y1 > y1 + pad
            ):
                size = f'width="{_units(x1 - x0)}" height="{_units(y1 - y0)}"'
                name = self._id(
                    "clipPath",
                    f'<rect x="{_units(x0)}" y="{_units(self.height - y1)}" {size}/>',
                )
                words = f' clip-path="url(#{name})"'
        clip_path: Any  # typed as a transformed path, which it is not
        clip_path, transform = gc.get_clip_path()
        if clip_path is not None and transform is not None:
            outline, _ = self._outline(clip_path, transform, None)
            name = self._id("clipPath", f'<path d="{outline}"/>')
            words = f' clip-path="url(#{name})"'
        return words

    def _id(self, tag: str, content: str) -> str:
        """Define something that is used by its id, once; return the id."""
        whole = f"{tag} {content}"
        if whole not in self._ids:
            self._ids[whole] = f"{_ID}{len(self._ids)}"
            opened, _, rest = tag.partition(" ")
            rest = f" {rest}" if rest else ""
            self._parts.append(
                f'<{opened} id="{self._ids[whole]}"{rest}>{content}</{opened}>'
            )
        return self._ids[whole]


def _paint(name: str, rgba: Any) -> str:
    """Return the attributes of a colour; those of ink are the page's."""
    colour = to_hex(rgba[:3])
    words = f' {name}="{_VARIABLES.get(colour, colour)}"'
    alpha = 1.0 if rgba[3] is None else float(rgba[3])
    return words if alpha >= 1 else f'{words} {name}-opacity="{alpha:.2g}"'


def _whole(values: Any) -> np.ndarray:
    whole: np.ndarray = np.rint(np.asarray(values, dtype=float) * _UNITS).astype(int)
    return whole


def _units(values: Any) -> Any:
    """Turn pixels into the units of the file: a whole number, or a list of them."""
    return _whole(values).tolist()


def _joined(letter: str, numbers: Iterable[int]) -> str:
    """Write a command of a path; a minus sign needs no space before it."""
    words = letter
    for number in numbers:
        words += f"{number}" if number < 0 or words == letter else f" {number}"
    return words


def _shortened(words: list[str]) -> str:
    """Join the commands of a path; a command that repeats needs no letter."""
    joined, last = "", ""
    for word in words:
        repeats = word[0] == last and last in "lhvqc"
        rest = word[1:] if repeats else word
        joined += f" {rest}" if repeats and not rest.startswith("-") else rest
        last = word[0]
    return joined
