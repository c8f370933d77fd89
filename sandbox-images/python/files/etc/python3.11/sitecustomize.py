"""Runs at every start of Python in the image: must stay fast, import nothing big, and never fail a program.

Matplotlib looks for its list of fonts only in a folder that it can write. The list is in the image, which is
read-only, so the folder is made in /tmp with a link to it.
"""

import os


def _link_font_list(source, target):
    try:
        os.mkdir(target, 0o700)
        for name in os.listdir(source):
            os.symlink(os.path.join(source, name), os.path.join(target, name))
    except OSError:
        pass  # there already, or no room: Matplotlib then searches the fonts itself


_link_font_list("/usr/share/glovebox/matplotlib", os.environ.get("MPLCONFIGDIR", "/tmp/.matplotlib"))
