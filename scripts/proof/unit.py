"""Reads a systemd unit as systemd does: repeated settings add up, an empty one forgets what came before."""

# Settings that are lists: a second line adds to the first. Of all others the last line counts.
LISTS = {"SystemCallFilter", "DeviceAllow", "RestrictAddressFamilies", "CapabilityBoundingSet", "AmbientCapabilities",
         "LoadCredential", "Environment", "ReadWritePaths", "StateDirectory", "RuntimeDirectory"}


class Unit:
    def __init__(self, path):
        self.path = path
        self.settings = {}  # (section, name) -> list of the values of its lines
        section, pending = "", ""
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                line = line.strip()
                if not pending and (not line or line[0] in "#;"):
                    continue
                if line.endswith("\\"):
                    pending += line[:-1] + " "
                    continue
                line, pending = pending + line, ""
                if line.startswith("["):
                    section = line.strip("[]")
                    continue
                name, _, value = (part.strip() for part in line.partition("="))
                values = self.settings.setdefault((section, name), [])
                if not value or name not in LISTS:
                    values.clear()
                values.append(value)

    def names(self, section):
        return [name for s, name in self.settings if s == section]

    def lines(self, name, section="Service"):
        """Every line's value; an empty list where the setting is not there or empty."""
        return [value for value in self.settings.get((section, name), []) if value]

    def text(self, name, default=None, section="Service"):
        values = self.settings.get((section, name))
        return values[-1] if values else default

    def has(self, name):
        return ("Service", name) in self.settings

    def is_on(self, name):
        return (self.text(name) or "no").lower() in ("yes", "true", "on", "1")

    def words(self, name):
        return " ".join(self.lines(name)).split()

    def seconds(self, name, default, section="Service"):
        """A time span: a plain number is seconds; else numbers with us, ms, s, min or h."""
        value = self.text(name, section=section)
        if value is None:
            return default
        units = {"us": 1e-6, "ms": 1e-3, "s": 1, "sec": 1, "min": 60, "m": 60, "h": 3600}
        total = 0.0
        for word in value.split():
            number = word.rstrip("abcdefghijklmnopqrstuvwxyz")
            total += float(number) * units[word[len(number):] or "s"]
        return total
