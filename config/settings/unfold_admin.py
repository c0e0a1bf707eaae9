"""How the admin looks."""

UNFOLD = {
    "SITE_TITLE": "Instarchiver",
    "SITE_HEADER": "Instarchiver",
    "SITE_SYMBOL": "inventory_2",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
}
