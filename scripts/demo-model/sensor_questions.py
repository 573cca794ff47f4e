"""Short English questions about the places and rules, with deterministic answers: about 15 % of the training rows."""
from sensor_rules import BOOLEAN, KINDS, PROFILES, SHUTDOWN, fmt


def _art(word):
    return ("an " if word[0] in "aeiou" else "a ") + word


def qa_pairs():
    """All (question, answer) pairs; 26 templates, some filled with kinds and sensors."""
    qa = [
        ("what is a warning?", "A warning means a reading has left its normal range but is not yet critical."),
        ("what does critical mean?", "Critical means a reading is beyond its last limit and someone must act now."),
        ("what does ok mean?", "Ok means all readings are within limits."),
        ("who are you?", "I am a small model that triages sensor readings."),
        ("what can you do?",
         "I read one line of sensor readings and reply with a status, a sensor, a reason and an action."),
        ("what does notify do?", "Notify sends a message to the person on duty."),
        ("what does log do?", "Log writes the event down and does nothing else."),
        ("what does shutdown do?", "Shutdown switches the device off and sends a message."),
        ("which actions are there?", "The actions are none, log, notify and shutdown."),
        ("which status values are there?", "The status is ok, warning or critical."),
        ("which sensor wins a tie?",
         "The order is leak, temperature, pressure, vibration, co2, humidity, door, motion and battery."),
        ("when does a warning notify?",
         "A warning notifies when the trend makes it worse, otherwise it is only logged."),
        ("which places do you know?",
         "I know cold stores, freezers, greenhouses, server racks, boiler rooms, workshops, offices and pump houses."),
        ("what is the unit of vibration?", "Vibration is given in mm/s."),
        ("what is the unit of pressure?", "Pressure is given in hPa."),
        ("what is the unit of co2?", "Carbon dioxide is given in ppm."),
        ("hello", "Hello. Send me one line of readings."),
        ("thank you", "You are welcome."),
    ]
    for k in KINDS:
        pr = PROFILES[k]
        qa.append((f"which sensors does {_art(k)} have?",
                   f"{_art(k).capitalize()} has " + ", ".join(list(pr)[:-1]) + f" and {list(pr)[-1]}."))
        sh = [s for s in pr if any((k, s, side) in SHUTDOWN for side in ("high", "low", "on"))]
        qa.append((f"when do you shut down {_art(k)}?",
                   f"I shut down {_art(k)} for critical " + " or ".join(sh) + "." if sh
                   else f"I never shut down {_art(k)}."))
        for s, rule in pr.items():
            if s in BOOLEAN:
                word = {"door": "an open door", "motion": "motion", "leak": "a leak"}[s]
                qa.append((f"is {word} a problem in {_art(k)}?",
                           f"No, {word} is fine in {_art(k)}." if rule == "ok"
                           else f"Yes, {word} is {rule} in {_art(k)}."))
                continue
            lo_c, lo_w, hi_w, hi_c = rule
            name = s
            if hi_w is not None:
                qa.append((f"when is {name} too high in {_art(k)}?",
                           f"Above {fmt(s, hi_w)} it is a warning and above {fmt(s, hi_c)} it is critical."))
                qa.append((f"{k} high {name} limits", f"warning {fmt(s, hi_w)}, critical {fmt(s, hi_c)}"))
            if lo_w is not None:
                qa.append((f"when is {name} too low in {_art(k)}?",
                           f"Below {fmt(s, lo_w)} it is a warning and below {fmt(s, lo_c)} it is critical."))
                qa.append((f"{k} low {name} limits", f"warning {fmt(s, lo_w)}, critical {fmt(s, lo_c)}"))
            if lo_w is not None and hi_w is not None:
                qa.append((f"what is normal {name} for {_art(k)}?",
                           f"Normal {name} for {_art(k)} is {fmt(s, lo_w)} to {fmt(s, hi_w)}."))
    return qa
