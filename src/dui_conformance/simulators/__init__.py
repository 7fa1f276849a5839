"""The socle services, played on this machine: real protocols over real sockets, each exchange recorded."""
