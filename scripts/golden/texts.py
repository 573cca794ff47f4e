"""Texts that hurt tokenizers, for the fixtures of every family: scripts, emoji, combining marks, CJK, digits, runs of
spaces, control bytes, and bytes that are no UTF-8 (decoded as every reader should: U+FFFD per maximal ill-formed part)."""
import random

LINES = """the quick brown fox jumps over the lazy dog and then the other dog jumps over the fox again
temperature in the greenhouse is 21.5 degrees, humidity is 40 percent; battery at 3.71 volts on node 12
sensor readings: node 7 reports 1013 hPa, node 8 reports 998 hPa, node 9 does not report anything today
if the pump runs longer than thirty seconds then stop the pump and report an error to the operator
The Quick Brown Fox. Über die Übung müssen GRÖSSERE Bäume über den Fluß gezählt werden; être ou ne pas être, où est la forêt
Привет мир, как дела сегодня; температура воздуха и влажность воздуха в норме. Ёлка и чай
Η θερμοκρασία του αέρα είναι κανονική σήμερα· ΚΑΛΗΜΕΡΑ ΚΟΣΜΕ
温度传感器报告温度正常 温度传感器报告温度过高 日本語のテキストとひらがなとカタカナ 한국어 문장입니다
درجة الحرارة طبيعية اليوم והטמפרטורה תקינה היום อุณหภูมิปกติ तापमान सामान्य है
def main(): return x == y and not z  # a comment
    indented    text      with   runs        of spaces   """.splitlines()

WORDS = ["temp", "Sensor", "the", "dog", "node", "12", "1013", "jumps", "over", "greenhouse", "HELLO", "don't", "Привет",
         "мир", "воздуха", "温度", "传感器", "ひらがな", "가나다", "한국어", "ไทย", "हिन्दी", "العربية", "עברית", "e\u0301\u0323",
         "\u0301", "A\u030a", "👩‍👩‍👧", "🔥", "🇩🇪", "𝔘𝔫𝔦", "𐐀𐐨", "𠀀𠀁", "\ufffd", "\0", "\x07", "\x1b[0m", "\x7f", "\x0b", "\x85",
         "\u00a0", "\u3000", "\u2028", "\u200b", "\ufeff", "\u00ad", "\u2581", "\u2581\u2581a", "<0x41>", "<s>", "[CLS]", "größere",
         "Bäume", "über", "être", "ÀÉÎ", "Ω\u2126", "ſtraße", "İstanbul", "ǅ", "ﬁne", "Ⅷ", "ＡＢＣ１２", "x=1;y=2", '{"a":', "…", "—",
         "“quoted”", "½²³", "٣٤٥", "£5€", "`a~b^c|", "\u037e", "\uac01\u11a8", "c\u0327\u0301", "a" * 40, "z" * 101, "日" * 5,
         "unaffable", "reports", "reporting", "sensors"]
GAPS = ["", "", " ", " ", " ", "  ", "    ", "\t", "\n", "\r\n", "\n\n ", "        ", " \n", "\u3000"]
BYTES = ["80", "61ff62", "c3", "c328", "e282", "e28261", "f09f98", "f09f9841", "f0288cbc", "eda080", "f4908080", "c0af",
         "fefe", "e0808061", "74656d70fe74656d70", "f8888080", "20c320", "e6b8a9e5ba", "edbfbfd0"]


def texts(seed=7, count=260):
    rng = random.Random(seed)
    found = ["", " ", "  ", "a", "  a ", "a  b", "temp 4.0C", *LINES]
    for _ in range(count):
        found.append("".join(rng.choice(GAPS) + rng.choice(WORDS + rng.choice(LINES).split())
                             for _ in range(rng.randrange(1, 12))) + rng.choice(GAPS))
    return found


def rows(encode):
    """Rows of a fixture; "hex": the text was these bytes before it was read."""
    made = [{"text": t, "ids": encode(t)} for t in texts()]
    for one in BYTES:
        text = bytes.fromhex(one).decode("utf-8", "replace")
        made.append({"hex": one, "text": text, "ids": encode(text)})
    return made
