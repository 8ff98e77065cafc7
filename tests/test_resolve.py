"""Which cases are one incident, and what the incident then says. Worked by hand on invented cases."""

import zlib
from decimal import Decimal

import pytest

from nlp import taxonomy
from nlp.incident import QUOTE_LENGTH, Source, SourcedCase
from nlp.records import (
    Amount,
    Case,
    Contact,
    Count,
    Mention,
    Moment,
    Organisation,
    Outcome,
    Person,
    PersonName,
    Place,
    Platform,
)
from nlp.resolve import blocking_keys, build_incident, compare, signature
from nlp.resolve.build import quote
from nlp.resolve.compare import compatible, weigh

LABEL = taxonomy.load().label_ids[0]


def mention(kind, value, role="", text=""):
    return Mention(kind, 0, 1, text, value, role, 0.9, "rule:test")


def place(region, code, role="scene"):
    return mention("place", Place(region, code), role)


def amount(low, high, role, **more):
    return mention("amount", Amount(Decimal(low), Decimal(high), **more), role)


def person(name, role):
    return Person(name, role, (mention("person", PersonName(name), role),))


def told(number, *, nature="published", reviewed=False, text="甲" * 10, published="2024-05-01", **case):
    source = Source(f"d-{number}", f"{number}.txt", f"标题{number}", "某报", "", published, nature, reviewed)
    made = Case(label=case.pop("label", LABEL), summary=f"摘要{number}", start=0, end=1, confidence=0.9, **case)
    return SourcedCase(
        f"c-{number}", source, made, text, article_title=f"标题{number}", signature=signature(text), model="m-1"
    )


@pytest.mark.parametrize(
    ("first", "second", "fits"),
    [
        ("陈某", "陈某丰", True),
        ("陈某丰", "陈大丰", True),
        ("陈某丰", "陈某强", False),
        ("陈某", "李某", False),
        ("王*", "王小红", True),
        ("陈大丰", "陈小丰", False),
    ],
)
def test_masked_names_fit(first, second, fits):
    assert compatible(first, second) is fits
    assert compatible(second, first) is fits


SPACE = {
    "places": (place("河南省/南阳市/邓州市", "411381"),),
    "persons": (person("赵某锋", "suspect"),),
    "amounts": (amount(3_800_000, 3_900_000, "gain"),),
}


def test_same_name_and_county_is_the_same_case_and_says_why():
    link = compare(told(1, **SPACE), told(2, **SPACE))
    assert link.decision == "same"
    assert any("赵某锋" in reason for reason in link.agreed)
    assert any("邓州市" in reason for reason in link.agreed)


def test_same_method_in_the_same_city_alone_is_not_enough():
    one = told(1, places=SPACE["places"], persons=(person("钱某", "suspect"),), tactics=("村推",))
    two = told(2, places=SPACE["places"], persons=(person("孙某", "suspect"),), tactics=("村推",))
    link = compare(one, two)
    assert link.decision == "apart"
    assert link.contradicted


def test_another_province_contradicts():
    far = told(2, places=(place("贵州省", "520000"),), amounts=SPACE["amounts"])
    assert compare(told(1, **SPACE), far).decision == "apart"


def test_reprints_are_found_by_their_text():
    words = "".join(chr(0x4E00 + (i * 37) % 800) for i in range(400))
    link = compare(told(1, text=words), told(2, text=words[:390] + "完"))
    assert link.decision == "reprint"


def test_a_signature_is_the_one_that_stores_hold():
    """Those of datasketch 2: what was filed before and what is filed now have to be comparable."""
    from datasketch import MinHash

    for text in (
        "某地警方通报一起兼职刷单案件，事主先后转账三次，共计三万余元。",
        "一二三四五" * 4,
        "abc 甲乙丙丁" * 3000,
        "不足二十字",
    ):
        squeezed = "".join(text.split())
        sketch = MinHash(num_perm=64, seed=1, hashfunc=zlib.crc32, scheme="affine32")
        sketch.update_batch({squeezed[at : at + 5].encode() for at in range(len(squeezed) - 4)})
        assert signature(text) == (tuple(map(int, sketch.hashvalues)) if len(squeezed) >= 20 else ())


def test_tellings_of_one_case_share_a_blocking_key():
    assert blocking_keys(told(1, **SPACE)) & blocking_keys(told(2, **SPACE))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        # A municipality told bare, and one of its districts.
        ({"places": (place("上海市", "310000"),), "amounts": (amount(500_000, 500_000, "loss"),)},
         {"places": (place("上海市/上海市/杨浦区", "310110"),), "amounts": (amount(500_000, 500_000, "loss"),)}),
        # No place at all: an odd sum, the same steps, a surname with its sum, a surname with its day.
        ({"amounts": (amount(81_877, 81_877, "loss"),)}, {"amounts": (amount(81_877, 81_877, "flow"),)}),
        ({"amounts": (amount(1600, 1600, "payment"), amount(2000, 2000, "payment"))},
         {"amounts": (amount(2000, 2000, "price"), amount(1600, 1600, "other"))}),
        ({"persons": (person("唐女士", "victim"),), "amounts": (amount(900_000, 900_000, "loss"),)},
         {"persons": (person("唐某", "victim"),), "amounts": (amount(900_000, 900_000, "loss"),)}),
        ({"persons": (person("唐女士", "victim"),), "times": (mention("time", Moment("2024-03-09", "2024-03-09", "day")),)},
         {"persons": (person("唐某", "victim"),), "times": (mention("time", Moment("2024-03-09", "2024-03-09", "day")),)}),
        # The one paper gives year and hour, the other neither.
        ({"persons": (person("唐女士", "victim"),), "times": (mention("time", Moment("2024-03-09T14:30", "2024-03-09T14:30", "minute")),)},
         {"persons": (person("唐某", "victim"),), "times": (mention("time", Moment("--03-09", "--03-09", "day")),)}),
        ({"platforms": (mention("platform", Platform("盈多多")),)}, {"platforms": (mention("platform", Platform("盈多多")),)}),
        # A large count in another unit, rounded down across a round number; three masked surnames of a gang.
        ({"counts": (mention("count", Count(1990, 1990, "名", "victims")),)}, {"counts": (mention("count", Count(2060, 2060, "人", "other")),)}),
        ({"persons": tuple(person(name, "suspect") for name in ("王某", "李某", "钟某", "崔某"))},
         {"persons": tuple(person(name, "suspect") for name in ("李某", "崔某", "王某"))}),
    ],
    ids=["municipality", "odd sum", "steps", "name and sum", "name and day", "day without a year", "app", "count", "gang"],
)  # fmt: skip
def test_tellings_meet_without_a_common_city(one, two):
    assert blocking_keys(told(1, **one)) & blocking_keys(told(2, **two))


def test_type_and_city_bring_nobody_together_but_with_the_county_or_the_day():
    """Thousands are robbed alike in one city; by these two alone no two cases ever were one."""
    county, other = place("云南省/昆明市/官渡区", "530111"), place("云南省/昆明市/盘龙区", "530103")
    day = (mention("time", Moment("2024-03-09", "2024-03-09", "day")),)
    assert not blocking_keys(told(1, places=(county,))) & blocking_keys(told(2, places=(other,)))
    assert blocking_keys(told(1, places=(county,))) & blocking_keys(told(2, places=(county,)))
    assert blocking_keys(told(1, places=(county,), times=day)) & blocking_keys(told(2, places=(other,), times=day))


@pytest.mark.parametrize(
    ("one", "two", "points"),
    [
        ("2024-03-09", "2024-03-09T14:30", 1.0),
        ("2024-03-09", "--03-09", 0.75),
        ("--03-09T08", "--03-09", 0.75),
        ("2024-03-09", "2023-03-09", 0.0),
        ("2024-03-09", "---09", 0.0),
    ],
)
def test_a_day_agrees_with_or_without_its_year_and_hour(one, two, points):
    first, second = (told(n, times=(mention("time", Moment(day, day, "day")),)) for n, day in enumerate((one, two)))
    assert sum(part.points for part in weigh(first, second) if part.field == "days") == points


def test_what_everybody_uses_brings_nobody_together():
    common = {
        "platforms": (mention("platform", Platform("微信")),),
        "contacts": (mention("contact", Contact("96110", "phone")),),
        "amounts": (amount(100_000, 100_000, "loss"),),
    }
    assert not blocking_keys(told(1, **common)) & blocking_keys(told(2, **common))
    assert "handles" not in {part.field for part in weigh(told(1, **common), told(2, **common))}


def points(one, two, field):
    return sum(part.points for part in weigh(told(1, **one), told(2, **two)) if part.field == field)


def test_rare_names_and_odd_sums_weigh_more_than_common_and_round_ones():
    masked, full, common = ({"persons": (person(name, "suspect"),)} for name in ("陈某丰", "刘磊", "陈某"))
    assert points(masked, masked, "names") > points(full, full, "names") > points(common, common, "names") > 0
    odd, round_ = ({"amounts": (amount(sum_, sum_, "loss"),)} for sum_ in (81_877, 80_000))
    assert points(odd, odd, "sums") > points(round_, round_, "sums") > 0


def test_another_victim_says_less_than_another_suspect():
    one, two = ({role: (person(name, role),) for role in ("suspect", "victim")} for name in ("唐某", "李某"))
    victims = points({"persons": one["victim"]}, {"persons": two["victim"]}, "names")
    suspects = points({"persons": one["suspect"]}, {"persons": two["suspect"]}, "names")
    assert suspects < victims < 0


def test_plain_things_alone_go_to_a_person_until_they_are_many():
    # One station's weekly notice: place, day, body, type and a method, and nothing that is this case's own.
    plain = {
        "places": SPACE["places"],
        "times": (mention("time", Moment("2024-03-09", "2024-03-09", "day")),),
        "organisations": (mention("organisation", Organisation("邓州市公安局反诈中心", "police")),),
        "tactics": ("刷单",),
    }
    assert compare(told(1, **plain), told(2, **plain)).decision == "undecided"
    own = plain | {"amounts": (amount(81_877, 81_877, "loss"),)}
    assert compare(told(1, **own), told(2, **own)).decision == "same"


def test_incident_keeps_every_telling_and_its_disagreement():
    scene = (place("广西壮族自治区/贵港市", "450800"),)
    one = told(1, places=scene, counts=(mention("count", Count(18000, 18000, "名", "victims")),))
    two = told(
        2, places=scene, counts=(mention("count", Count(18800, 18800, "名", "victims")),), published="2024-06-01"
    )
    incident = build_incident("i-1", [one, two], [compare(one, two)])
    assert {source.document_id for source in incident.sources} == {"d-1", "d-2"}
    (numbers,) = [c for c in incident.contradictions if c.field == "受害人数"]
    assert {telling.text for telling in numbers.tellings} == {"18000名", "18800名"}
    assert incident.published == "2024-06-01"


def test_parts_and_repeats_are_not_added():
    case = told(
        1,
        amounts=(
            amount(3460, 3460, "loss", id="a1"),
            amount(460, 460, "loss", id="a2", part_of="a1"),
            amount(3460, 3460, "loss", id="a3", same_as="a1"),
        ),
    )
    (total,) = [t for t in build_incident("i-1", [case]).totals if t.role == "loss"]
    assert (total.minimum, total.maximum) == (3460, 3460)


def test_separate_losses_are_added():
    case = told(1, amounts=(amount(1000, 1000, "loss"), amount(1200, 1200, "loss"), amount(900, 900, "loss")))
    (total,) = [t for t in build_incident("i-1", [case]).totals if t.role == "loss"]
    assert total.minimum == 3100


def test_masked_short_name_joins_the_only_longer_one():
    one = told(1, persons=(person("陈某丰", "suspect"), person("陈某", "suspect")))
    names = [fact.text for fact in build_incident("i-1", [one]).facts if fact.kind == "person"]
    assert names == ["陈某丰"]


def test_unreviewed_complaint_is_not_public_and_speaks_in_values_only():
    incident = build_incident("i-1", [told(1, nature="complaint", amounts=(amount(500, 500, "loss"),))])
    assert not incident.public
    assert "摘要" not in incident.summary
    assert "损失500元" in incident.summary
    assert incident.basis == "complaint"


def test_reviewed_complaint_is_public():
    assert build_incident("i-1", [told(1, nature="complaint", reviewed=True)]).public


def test_court_and_sentence_make_a_conviction():
    case = told(
        1,
        organisations=(mention("organisation", Organisation("邓州市人民法院", "court")),),
        outcomes=(mention("outcome", Outcome("sentenced", "诈骗罪", 24, 48)),),
        times=(mention("time", Moment("2024-10-25", "2024-10-25", "day")),),
    )
    incident = build_incident("i-1", [case])
    assert (incident.status, incident.basis, incident.first_date) == ("convicted", "court", "2024-10-25")


def test_a_quote_is_short_stays_in_its_case_and_does_not_look_to_the_end_of_the_text():
    text = "甲案损失三万元。乙案损失五万元。"
    at = text.index("五万元")
    assert quote(text, at, at + 3) == (text, 0)  # short sentences: the neighbours are shown with it
    assert quote(text, at, at + 3, (8, 16)) == ("乙案损失五万元。", 8)
    assert quote(text, at, at + 3, (0, 2)) == (text, 0)  # a case that does not hold the mention is no border
    long = "某" * 300
    words, left = quote(long, 150, 153)
    assert (len(words), left) == (119, 92)
    assert len(quote(long, 10, 290)[0]) == QUOTE_LENGTH
    sentence = "一" * 50 + "。" + "二" * 100 + "。" + "三" * 50
    assert quote(sentence, 60, 62) == ("二" * 100 + "。", 51)
