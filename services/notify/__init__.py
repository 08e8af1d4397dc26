"""Alone may speak to people, keep their addresses, and state what became of a message. May never decide about custody.

An address is set by the party itself and verified by a link; no institution types one in. A mail server's acceptance is
recorded as what it is: not service, which is an act of a person (G4). Bounces, links to acknowledge or object, and
notify's answer to custody are not here yet.
"""
