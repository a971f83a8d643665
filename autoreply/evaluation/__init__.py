"""How well buyers are understood, what is not understood, and how a catalogue gets better: for operators, offline."""
