"""The colours, fonts and measures of Grafana's dark theme."""

CANVAS = "#111217"
PANEL = "#181b1f"
BORDER = "#2a2d33"
GRID = "#2c2f35"
TEXT = "#ccccdc"
FAINT = "#9a9aa8"
LINK = "#6e9fff"
BAR = "#22252b"
"""What lies behind the filled part of a bar."""

FONTS = ["Inter", "Liberation Sans", "DejaVu Sans"]
MONO = ["Liberation Mono", "DejaVu Sans Mono"]

CELL = 38
"""Pixels from one row of the grid to the next: 30, and 8 between panels."""
GAP = 8
COLUMNS = 24
HEADER = 34
"""Pixels of a panel's title."""

PALETTE = [
    "#73BF69", "#F2CC0C", "#8AB8FF", "#FF780A", "#F2495C", "#5794F2", "#B877D9", "#705DA0",
    "#37872D", "#FADE2A", "#447EBC", "#C15C17", "#E0226E", "#3AA6B9", "#D683CE", "#A16A3B",
]  # fmt: skip
"""Of series that nobody gave a colour, in turn."""

_NAMED = {
    "green": ("#1A7311", "#37872D", "#73BF69", "#96D98D", "#C8F2C2"),
    "yellow": ("#CC9D00", "#E0B400", "#FADE2A", "#FFEE52", "#FFF899"),
    "orange": ("#AD4E00", "#FA6400", "#FF9830", "#FFB357", "#FFCB7D"),
    "red": ("#AD0317", "#C4162A", "#F2495C", "#FF7383", "#FFA6B0"),
    "blue": ("#1250B0", "#1F60C4", "#5794F2", "#8AB8FF", "#C0D8FF"),
    "purple": ("#7C2EA3", "#8F3BB8", "#B877D9", "#CA95E5", "#DEB6F2"),
}
_SHADES = ["dark-", "semi-dark-", "", "light-", "super-light-"]
_PLAIN = {
    "text": TEXT,
    "white": "#ffffff",
    "black": "#000000",
    "gray": "#8e8e99",
    "grey": "#8e8e99",
    "transparent": "none",
}


def colour(name: str) -> str:
    """A colour by one of Grafana's names, or as it is."""
    if name in _PLAIN:
        return _PLAIN[name]
    for base, shades in _NAMED.items():
        for prefix, shade in zip(_SHADES, shades, strict=True):
            if name == prefix + base:
                return shade
    return name


def over(ground: str) -> str:
    """The colour of text on a ground of this colour: black where it is light."""
    red, green, blue = (int(ground[place : place + 2], 16) for place in (1, 3, 5))
    return "#111217" if 0.299 * red + 0.587 * green + 0.114 * blue > 150 else "#ffffff"


SCHEMES = {
    "Oranges": "Oranges", "Reds": "Reds", "Greens": "Greens", "Blues": "Blues", "Purples": "Purples", "Greys": "Greys",
    "Spectral": "Spectral", "Turbo": "turbo", "Viridis": "viridis", "Inferno": "inferno", "Magma": "magma",
    "Plasma": "plasma", "Warm": "YlOrRd", "Cool": "cool", "RdYlGn": "RdYlGn", "YlOrRd": "YlOrRd", "YlOrBr": "YlOrBr",
    "YlGnBu": "YlGnBu", "YlGn": "YlGn", "BuPu": "BuPu", "GnBu": "GnBu", "PuBu": "PuBu", "OrRd": "OrRd",
    "RdYlBu": "RdYlBu", "RdBu": "RdBu", "Cividis": "cividis", "Rainbow": "rainbow", "BuGn": "BuGn",
}  # fmt: skip
"""Grafana's colour schemes of heat maps, by what matplotlib calls them."""
DARK_TO_LIGHT = {"Turbo", "Viridis", "Inferno", "Magma", "Plasma", "Cividis", "Rainbow"}
"""Those that begin dark by themselves; the others are turned round on a dark ground, as Grafana does it."""
