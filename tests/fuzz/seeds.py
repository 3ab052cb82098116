#!/usr/bin/env python3
"""Makes the corpus anew: files of an invented hospital of two patients, and small ones that are wrong on purpose.

    tests/fuzz/seeds.py PROGRAM      PROGRAM: sim-hospital, as `cargo build -p renkei-sim-hospital` builds it

Everything in it is invented. What the fuzzer found (`found-*`) is left as it is.
"""

import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

CORPUS = pathlib.Path(__file__).parent / "corpus"
LIMIT = 8 << 10
# The order of kinds in src/messages.rs and of names in src/hospital.rs: the first byte chooses.
KINDS = [
    "ADT-00", "ADT-12", "ADT-22", "ADT-31", "ADT-32", "ADT-42", "ADT-52", "ADT-61", "PPR-01", "OMP-01", "OMP-02",
    "OMP-11", "OMP-12", "OML-11", "OMG-11", "OMG-12", "OMG-13", "OML-01", "ADT-99", "VITAL", "OTHER",
]
HEAD = "MSH|^~\\&|HIS|A|GW|B|20240510101112.013||{event}|1|P|2.5||||||~ISO IR87||ISO 2022-1994\r"
PID = "PID|0001||0012345^^^^PI||試験^花子^^^^^L^I||19500601|F|||^^^^460-0001^JPN^H\r"


def put(target, name, content):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    content = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(content[:LIMIT])


def message(event, *segments):
    text = HEAD.format(event=event) + PID + "".join(segment + "\r" for segment in segments)
    return text


def hospital(program, folder, form, profile="university"):
    out = folder / form
    arguments = ["--site", "kyoto", "--seed", "3", "--patients", "2", "--profile", profile, "--format", form]
    subprocess.run([program, *arguments, "--out", out], check=True, stdout=subprocess.DEVNULL)
    return sorted(path for path in out.rglob("*") if path.is_file())


def storage(program, folder):
    """The shortest message of each kind, and its name."""
    by_kind = {}
    for path in hospital(program, folder, "ssmix2"):
        by_kind.setdefault(path.parent.name, []).append(path)
    for kind, paths in by_kind.items():
        path = min(paths, key=lambda path: (path.stat().st_size, path.name))
        if kind in KINDS:
            put("ssmix2", kind.lower(), bytes([KINDS.index(kind), 0]) + path.read_bytes())
        if kind in ("ADT-00", "OML-11", "PPR-01"):
            put("hl7", kind.lower(), path.read_bytes())
            put("ssmix2_name", kind.lower(), path.name)


def nasty_messages():
    kanji = message("ADT^A08^ADT_A01").encode("iso2022_jp")
    put("hl7", "cut-in-kanji", kanji[:-9])
    put("hl7", "escape-twice", kanji.replace(b"\x1b$B", b"\x1b$B\x1b$B\x1b(J"))
    put("hl7", "cp932", message("ADT^A08^ADT_A01").encode("cp932"))
    put("hl7", "shifts", b"MSH|^~\\&|\x0e\x31\x32\x0f|\x1b(I\x31\x32\x1b(B|\x1b$(D\x30\x21\x1b(B|\x1b\r")
    put("hl7", "own-delimiters", "MSH#!*?%#A\rOBX#1#a!b%c*d?F??X0d?#?X?#?XZZ?\r")
    put("hl7", "escapes", "MSH|^~\\&|\rNTE|1|\\F\\\\S\\\\T\\\\R\\\\E\\\\X41\\\\X4\\\\.br\\\\Z\\\\|\\\\\\|\\\r")
    put("hl7", "many-fields", "MSH|^~\\&|\rZZZ" + "|^~&" * 200 + "\r\nMSH|^~\\&|\r")
    put("hl7", "frames", b"\x0b\xef\xbb\xbfMSH|^~\\&|a\r\n\r\nno segment\rPV1\r\x1c\r\0\0")

    obx = "OBX|{n}|{type}|3A010000002327101^総蛋白^JC10^17^総蛋白^99L01||{value}|{unit}|{range}|{flag}|||F|||20240510"
    spm = "SPM|1|||023^血清^JC10|||||||||||||20240510|20240510"
    values = [
        ("NM", "1e400", "g/dL", "6.5-8.2", "H"), ("NM", "-0", "", "<5", ""), ("SN", "<^5", "%^%^UCUM", "5~6", "L"),
        ("SN", "^1^:^160", "", "", ""), ("ST", "（2＋）", "", "(-)", "A"), ("ST", ">=10^4", "10*3/uL", "-", "HH"),
        ("CWE", "1^+^99Z^K^+^JC10", "", "", ""), ("TX", "text", "", "", ""), ("ED", "^^^Base64^AA==", "", "", ""),
        ("NM", "99999999999999999999.9", "℃", "１～２", "?"), ("", "", "", "", ""),
    ]
    results = [
        obx.format(n=n, type=kind, value=value, unit=unit, range=span, flag=flag)
        for n, (kind, value, unit, span, flag) in enumerate(values, 1)
    ]
    text = message("OUL^R22^OUL_R22", spm, "OBR|1||1|x^y^99|||20240510", *results)
    put("ssmix2", "values", bytes([KINDS.index("OML-11"), 0]) + text.encode("iso2022_jp", "replace"))
    vital = message("ORU^R30^ORU_R30", "OBR|1||1|V^V^99V|||20240510101112", *results)
    put("ssmix2", "vital", bytes([KINDS.index("VITAL"), 0]) + vital.encode())
    rxe = "RXE||108665201^A^HOT9|1e9|x|TAB^錠^MR9P|||||-1|TAB^^MR9P" + "|" * 20 + "2149032F1021^C^YJ"
    tq1 = "TQ1|1||1013044400000000&a&JAMISDP01|||9999999999^w|20240231|99999999|||-5"
    orders = ["ORC|NW|1||1_1|||||20240510||||||||||||||||||||O^^HL70482", rxe, tq1, "RXR|PO^a^HL70162", "ORC|CA"]
    order = message("RDE^O11^RDE_O11", *orders)
    put("ssmix2", "order-odd", bytes([KINDS.index("OMP-01"), 3]) + order.encode("cp932"))
    given = message("RAS^O17^RAS_O17", *orders, "RXA|0|1|20240510|00000000|1^a^HOT9|1|ML", "TQ1|1|||||5^min^ISO+")
    put("ssmix2", "given", bytes([KINDS.index("OMP-12"), 8]) + given.encode())
    other = message("ADT^A08^ADT_A01").replace("0012345", "999") + "PD1|1\rDB1|1\rPV1||I|A^1^2||||D\rAL1|1|DA|x^y^z\r"
    for kind in ("ADT-00", "ADT-22", "ADT-61", "OMG-11"):
        put("ssmix2", f"stranger-{kind.lower()}", bytes([KINDS.index(kind), 1]) + other.encode())
    put("ssmix2", "no-message", bytes([0, 0]) + b"%PDF-1.4")
    put("ssmix2", "died", bytes([0, 0]) + message("ADT^A08", "PV1||O").replace("|F|", "|X|").encode() + b"PID" + b"|" * 28 + b"2024|Y\r")

    for number, name in enumerate([
        "1_-_ADT-00_9_20240510_-_1", "a_b_c_20240510_OML-11_1_2_20240510101112013_01_2", "1_20240510_X^Y^Z_k_202405101011_0",
        "_20240510_OML-11_1_20240510_-_1", "1_20240510__1_20240510_-_1", "1_20249999_OMD_1_99999999999999999_-_1", "______1",
        "1_20240510_OML-11_1_20240510_-_3", "試験_-_PPR-01_9_20240510101112_0１_1",
    ]):
        put("ssmix2_name", f"odd-{number}", name)
    put("ssmix2_name", "odd-cp932", "試表_-_PPR-01_9_20240510101112_01_1".encode("cp932"))


def resources(program, folder):
    for path in hospital(program, folder, "fhir"):
        lines = path.read_text().splitlines()[:2]
        put("fhir", path.stem.lower(), b"\0" + "\n".join(lines).encode())
    quantity = {"value": 1e308, "unit": "mg", "code": "mg", "system": "http://unitsofmeasure.org"}
    patient = {"reference": "Patient/1"}
    code = {"coding": [{"system": "http://loinc.org", "code": "1-8"}, {"code": 5}, {}], "text": ""}
    observation = {"resourceType": "Observation", "id": "1", "status": "final", "code": code, "subject": patient,
                   "effectiveDateTime": "2024-05", "valueQuantity": quantity, "referenceRange": [{"low": quantity}],
                   "component": [{"code": code, "valueRatio": {"numerator": quantity}}, {"code": code, "valueString": "1+"}]}
    request = {"resourceType": "MedicationRequest", "id": "1", "status": "active", "intent": "order", "subject": patient,
               "medicationReference": {"reference": "#m"}, "authoredOn": "2024-05-10T25:61:00+99:00",
               "contained": [{"resourceType": "Medication", "id": "m", "code": code}],
               "dosageInstruction": [{"doseAndRate": [{"doseQuantity": quantity}], "timing": {"repeat": {"boundsDuration": quantity}}}]}
    bundle = {"resourceType": "Bundle", "type": "document", "entry": [
        {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Composition", "subject": patient, "date": "2024"}},
        {"resource": observation}, {"resource": {"resourceType": "Bundle", "entry": [{"resource": request}, {}]}}]}
    put("fhir", "bundle", b"\1" + json.dumps(bundle, indent=1).encode())
    put("fhir", "odd-observation", b"\0" + json.dumps(observation).encode())
    put("fhir", "odd-request", b"\0" + json.dumps(request).encode())
    put("fhir", "cut", b"\0" + json.dumps(request).encode()[:-40] + b"\n" + json.dumps(observation).encode())
    put("fhir", "texts", b"\1{\n}\n{\n}{}[]\n1 \"a\"\n")
    put("fhir", "deep", b"\1" + b'{"a":[' * 150)
    put("fhir", "array", b"\1" + json.dumps([observation, request]).encode())
    put("fhir", "twice", b'\0{"resourceType":"Patient","id":"1","id":2,"resourceType":null,"birthDate":"0000-13-40"}\n\xff\n{"id":"\\ud800"}')
    put("fhir", "dates", b'\0{"resourceType":"Encounter","id":"1","class":{"code":"IMP"},"subject":{"reference":"Patient/1"},'
        b'"period":{"start":"2024-02-30","end":"9999-12-31T23:59:60.999999999999Z"}}')
    # Its header says nothing about the machine or the time.
    put("fhir", "gzip", b"\2" + gzip.compress(json.dumps(observation).encode(), mtime=0))
    put("fhir", "gzip-cut", b"\2" + gzip.compress(json.dumps(observation).encode(), mtime=0)[:-9])


def survey(program, folder):
    for path in hospital(program, folder, "dpc"):
        lines = path.read_bytes().split(b"\r\n")
        put("dpc", path.stem.lower(), bytes([0 if "FF1" in path.name else 2]) + b"\r\n".join(lines[:25]) + b"\r\n")

    def lines(name, columns, rows):
        fields = [[("" if field == "_" else field) for field in row.split(" ")] for row in rows]
        text = "".join("\t".join(row + [""] * (columns - len(row))) + "\r\n" for row in fields)
        put("dpc", name, bytes([FILES[name]]) + text.encode("cp932"))

    FILES = {"form1-odd": 0, "ef-odd": 2, "outpatient": 3, "d": 4, "e": 5, "f": 6, "h": 7, "k": 8, "other": 9, "utf8": 10}
    stay = "131234567 42 20260405 0 {group} {code} 20140401 0 {rest}"
    answers = [
        ("0", "A000010", "19480231 9 000"), ("0", "A000020", "_ 20260405 1"), ("0", "A000030", "20260499 8 6 0"),
        ("0", "A000031", "20260405 20260420"), ("1", "A000031", "20260410 20260401"), ("0", "A001010", "_ 9999 -1 000"),
        ("0", "A006010", "_ C169 _ 0000999 8002 _ _ _ 胃癌の疑い"), ("0", "A007010", "20260408 K6552ﾛ _ 1 0 1"),
        ("0", "ADL0010", "_ 23"), ("0", "JCS0020", "_ 300RIA"), ("A", "ZZZ9999", "_ _ _"), ("0", "M180020", "_ 1"),
    ]
    lines("form1-odd", 17, [stay.format(group=group, code=code, rest=rest) for group, code, rest in answers])
    ef = "131234567 7 {out} 20260405 {kind} {order} {detail} H1 {code} _ 名 {amount} 016 {times} 0 100 101000000000 0 0 0 14 06131234 1110 {day} 01 060 _ _ _ {inout} 001"
    rows = [("SY", "0001", "001", "1510003", "1"), ("21", "0002", "000", "", "1"), ("21", "0002", "001", "620000001", "1e99"),
            ("21", "0002", "002", "胃", "-1"), ("92", "0003", "001", "190000001", "0000002.000")]
    for name, out, inout in (("ef-odd", "20260420", "0"), ("outpatient", "20260405", "1")):
        lines(name, 31, [ef.format(out=out, kind=kind, order=order, detail=detail, code=code, amount=amount, times="999",
                                   day=day, inout=inout)
                         for day in ("20260405", "20260231") for kind, order, detail, code, amount in rows])
    lines("d", 30, ["131234567 7 20260420 20260405 93 0001 001 930000001 _ 名 1 0 0 2000 3 1 _ 20260405 20260406 01 060 _ _ 060020xx02xxxx"])
    lines("e", 25, ["131234567 7 20260420 20260405 21 0001 _ 名 1 0 0 0 0 1 _ _ _ 20260405"])
    lines("f", 19, ["131234567 7 20260420 20260405 21 0001 001 620000001 _ 名 1 016"])
    lines("h", 29, ["131234567 W1 7 20260420 20260405 20260406 ASS0013 20160401 0 1 0 1"])
    lines("k", 3, ["131234567 7 abc"])
    lines("other", 3, ["131234567 7 20260405"])
    lines("utf8", 17, ["項目 名 前", "20260405 x", *(stay.format(group="0", code=code, rest="_") for code in ("A006050", "A000010"))])
    put("dpc", "unended", b"\2" + b"x\t" * 3000)


def tables(program, folder):
    sample = (CORPUS.parent / "../../crates/ingest/src/mapped/sample.toml").read_text()
    put("mapped_parse", "sample", sample)
    small = 'file = "a.csv"\ntable = "person"\npatient = "ID"\n[columns.birth_datetime]\nfrom = "生年月日"\nformat = "YYYYMMDD"\n'
    put("mapped_parse", "small", small)
    put("mapped_parse", "wrong", 'file = ["*", 1]\ntable = "persons"\ndelimiter = "|"\nkey = []\n[columns.x]\n[columns.note_text]\nfrom = "a"\n[[where]]\n')
    put("mapped_parse", "no-toml", 'file = "a\n[[where]\n=\n[columns.a.b]\n"x" = \n')
    put("mapped_parse", "stars", small.replace("a.csv", "*" * 40 + "b*?*"))
    put("mapped_parse", "types", "file = 1\ntable = []\npatient = {}\nheader = 'x'\ntest = 5\ncolumns = 1\nwhere = {}\nnote = 2024-01-01\n")
    header = ["患者番号", "入院番号", "依頼番号", "項目コード", "更新日時", "取消", "結果", "JLAC10コード"]
    for line in sample.splitlines():
        if line.startswith(("from = ", "otherwise = ")):
            header += [part for part in line.split("#")[0].split('"')[1::2] if part not in header]
    rows = [["000123", "", "A1", "3A01", "2024/05/10 10:11:12", "", "＜3.5", "3A010000002327101"],
            ["000123", "9", "A2", "3A01", "令和6年5月10日", "1", "1e400", "x"],
            ["", "", "", "", "", "", "", ""]]
    text = ",".join(header) + "\n"
    text += "".join(",".join(row + ["2024-05-10"] * (len(header) - len(row))) + "\n" for row in rows)
    put("mapped_read", "utf8", text)
    put("mapped_read", "cp932", text.encode("cp932"))
    put("mapped_read", "mark", "\ufeff" + text.replace("\n", "\r\n"))
    put("mapped_read", "bare-cr", text.replace("\n", "\r"))
    put("mapped_read", "unclosed", text + '1,"2,3\n4,5\n')
    put("mapped_read", "short-and-long", text + "1\n" + "1," * 60 + "\n")
    put("mapped_read", "other-header", "a,b\n1,2\n")
    put("mapped_read", "utf16", text.encode("utf-16"))
    put("mapped_read", "quotes", text.replace("A1", '"A""\n1"') + '"\x00"\n')


def codes():
    for name, text in {
        "icd10": "Ｅ１１．９", "icd10-dagger": "E10.2+N08.3", "jlac10": "3A0100000023271-01", "hot13": "1086652010101", "yj": "2149032F1021",
        "receipt": " 620000001 ", "kcode": "Ｋ６５５－２ ロ", "loinc": "2093-3", "wide": "ｶﾞ／㎎・－ー~", "long": "あ" * 400,
        "controls": "A\0B\tC\u200b\u3000", "empty": " 　 ",
    }.items():
        put("canonical", name, text)
    for name, text in {
        "plain": "mg/dL", "wide": "ｍｇ／ｄｌ", "square": "㎎", "power": "×10＾4/μL", "bracket": "[mg/dL]", "ucum": "10*3/uL", "words": "単位/回",
        "degree": "℃", "percent": "％", "slash": "///", "ratio": "mL/min/1.73m2",
    }.items():
        put("ucum", name, text)


def vocabulary(program, folder):
    head = "source_code,source_concept_id,source_vocabulary_id,source_code_description,target_concept_id,target_vocabulary_id,valid_start_date,valid_end_date,invalid_reason\n"
    rows = "3A010000002327101,0,JLAC10,総蛋白,3020630,LOINC,1970-01-01,2099-12-31,\nHOT9:108665201,0,,,0,,20240101,20240102,U\n,,,,,,,,\nx,y,99L01,\"a\nb\",-1,None,,,\n"
    put("codes_csv", "map", "\0" + head + rows)
    put("codes_csv", "map-cp932", b"\0" + (head + rows).encode("cp932"))
    put("codes_csv", "map-tabs", "\0" + (head + rows).replace(",", "\t"))
    usagi = "sourceCode,sourceName,ADD_INFO:source_vocabulary,conceptId,mappingStatus,mappingType\n1,a,JLAC10,5,APPROVED,MAPS_TO\n1,a,LOCAL:99,6,UNCHECKED,MAPS_TO_VALUE\n"
    put("codes_csv", "usagi", "\0" + usagi)
    put("codes_csv", "no-columns", "\0a,b\n1,2\n")
    put("codes_csv", "diseases", "\1" + "\n".join(f'0,{20050000 + n},病,ﾋﾞｮｳ,0,AB{n:02},E11{n},,,' for n in range(9)))
    hot = ["基準番号(HOTコード)", "a", "b", "c", "d", "e", "f", "個別医薬品コード", "レセプト電算処理システムコード(1)", "レセプト電算処理システムコード(2)"]
    put("codes_csv", "hot", "\2" + ",".join(f'"{name}"' for name in hot) + "\n1086652010101,,,,,,,2149032F1021,620000001,\n108665202,,,,,,,x,,\n")
    put("codes_csv", "drugs", "\3" + "\n".join("0,Y,62000000%d" % n + "," * 29 + "2149032F10%02d,," % n for n in range(5)))

    for path in hospital(program, folder, "csv-v54"):
        if path.name in ("person.csv", "measurement.csv", "death.csv"):
            kind = {"person.csv": 0, "measurement.csv": 1, "death.csv": 2}[path.name]
            put("omop_csv", path.stem, bytes([kind]) + b"".join(path.read_bytes().splitlines(True)[:12]))
    put("omop_csv", "tabs", "\2person_id\tdeath_date\tdeath_type_concept_id\n2\t20240510\t32817\n4\t2024-02-30\t\n6\n")
    put("omop_csv", "quotes", '\0"person_id","gender_concept_id","year_of_birth","race_concept_id","ethnicity_concept_id"\n"2","8507","1950",0,0\n"4,8507\n')
    put("omop_csv", "numbers", "\1" + "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_type_concept_id,value_as_number\n"
        + "".join(f"{n},2,3020630,2024-05-10,32817,{value}\n" for n, value in enumerate(["1e309", "NaN", "-0", "1.", ".5", "0x1", "１", "9" * 400, ""])))
    put("omop_csv", "concepts", '\4concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_class_id\tconcept_code\tvalid_start_date\tvalid_end_date\n1\ta "b" c\tDrug\tx\ty\tz\t19700101\t20991231\n')
    put("omop_csv", "twice", "\0person_id,PERSON_ID,x\n1,2\n")
    put("omop_csv", "mark", "\0\ufeffperson_id;year_of_birth\r\n2;1950\r\n")


def main():
    program = sys.argv[1]
    for old in CORPUS.rglob("*"):
        if old.is_file() and not old.name.startswith("found-"):
            old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        storage(program, folder)
        resources(program, folder)
        survey(program, folder)
        tables(program, folder)
        vocabulary(program, folder)
    nasty_messages()
    codes()


main()
