"""A script by mistake."""

import sys

sys.exit("usage: exits FILE")
