"""The one door to the network: an address and a credential go in, a checked, capped answer or a plain sentence comes out."""
