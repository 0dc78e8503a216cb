"""What plots show of a search, over REST."""

import pytest
from starlette.testclient import TestClient

from nas_service.bootstrap import Service
from tests.support.compressed_search import compressed_search
from tests.support.finished_search import EPOCHS, LIMIT_MS, seed
from tests.support.statements import noted

FIGURES = ("points", "growth", "importance", "curves")


def test_points_are_columns_of_one_length_with_choices_and_intervals(service: Service, client: TestClient) -> None:
    search = seed(service.store, 30, traced=4)
    points = client.get(f"/v1/searches/{search.id}/points").json()
    assert points["numbers"] == list(range(30))
    columns = [points[name] for name in ("ids", "statuses", "feasible")]
    columns += [*points["metrics"].values(), *(choice["codes"] for choice in points["choices"].values())]
    assert {len(column) for column in columns} == {30}
    for row, latency_ms in enumerate(points["metrics"]["latency_ms@0"]):
        assert points["feasible"][row] is (latency_ms <= LIMIT_MS)
    intervals = points["intervals"]["latency_ms@0"]
    assert [low is not None for low in intervals["low"]] == [True] * 4 + [False] * 26
    assert intervals["low"][0] < points["metrics"]["latency_ms@0"][0] < intervals["high"][0]


def test_points_by_final_numbers_are_those_of_the_front_with_compressed_ones_among_them(
    service: Service, client: TestClient
) -> None:
    search_id = compressed_search(service)
    url = f"/v1/searches/{search_id}"
    proposed, final = client.get(f"{url}/points").json(), client.get(f"{url}/points", params={"final": True}).json()
    members = client.get(f"{url}/front").json()["members"]
    children = [member["candidate"]["id"] for member in members if member["candidate"]["parent_id"]]
    assert children
    assert not set(children) & set(proposed["ids"])
    assert not any(proposed["final"])
    for member in members:
        row = final["ids"].index(member["candidate"]["id"])
        assert final["final"][row]
        assert [final["metrics"][key][row] for key in ("accuracy", "latency_ms@0")] == member["values"]
    for row, of in enumerate(proposed["ids"]):
        assert final["ids"][row] == of
        if not final["final"][row]:
            assert final["metrics"]["accuracy"][row] == proposed["metrics"]["accuracy"][row]
    assert client.get(url).json()["candidates"] == {"COMPLETED": len(proposed["ids"])}, "children were not proposed"


def test_choices_of_points_are_those_of_the_architectures(service: Service, client: TestClient) -> None:
    search = seed(service.store, 5)
    points = client.get(f"/v1/searches/{search.id}/points").json()
    candidate = client.get(f"/v1/candidates/{points['ids'][3]}").json()
    codes = {name: column["codes"][3] for name, column in points["choices"].items()}
    told = {name: points["choices"][name]["options"][code] for name, code in codes.items() if code >= 0}
    assert told == candidate["architecture"]


def test_growth_ends_at_the_front_of_now(service: Service, client: TestClient) -> None:
    search = seed(service.store, 30)
    growth = client.get(f"/v1/searches/{search.id}/growth").json()
    front = client.get(f"/v1/searches/{search.id}/front").json()
    assert growth["objectives"] == ["accuracy", "latency_ms@0"]
    assert growth["steps"][-1]["hypervolume_ratio"] == pytest.approx(front["hypervolume_ratio"])
    assert growth["steps"][-1]["front_size"] == len(front["members"])


def test_importance_is_told_of_each_objective_largest_first(service: Service, client: TestClient) -> None:
    search = seed(service.store, 40)
    objectives = client.get(f"/v1/searches/{search.id}/importance").json()["objectives"]
    assert set(objectives) == {"accuracy", "latency_ms@0"}
    for effects in objectives.values():
        shares = [effect["share"] for effect in effects]
        assert shares == sorted(shares, reverse=True)
        assert all(0 <= share <= 1 for share in shares)


def test_curves_and_work_are_those_of_the_candidates_that_have_any(service: Service, client: TestClient) -> None:
    search = seed(service.store, 12, traced=10)
    curves = client.get(f"/v1/searches/{search.id}/curves").json()["items"]
    assert [curve["number"] for curve in curves] == list(range(10))
    assert [point["epoch"] for point in curves[0]["points"]] == list(range(EPOCHS))
    work = client.get(f"/v1/searches/{search.id}/timeline").json()["items"]
    assert len(work) == 20
    assert work == sorted(work, key=lambda item: item["started_at"])
    (failed,) = [item for item in work if item["status"] == "FAILED"]
    assert (failed["attempt"], failed["failure"]["problem"]) == (2, "worker-lost")


@pytest.mark.parametrize("figure", FIGURES)
def test_what_has_not_changed_is_not_sent_again_nor_computed(service: Service, client: TestClient, figure: str) -> None:
    search = seed(service.store, 10)
    url = f"/v1/searches/{search.id}/{figure}"
    first = client.get(url)
    with noted(service.store.engine) as statements:
        assert client.get(url, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
        assert client.get(url).json() == first.json()
    assert not any("FROM candidates" in statement for statement, _ in statements)
    with service.store.write() as uow:
        uow.searches.update(search.id)
    assert client.get(url, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


@pytest.mark.parametrize("figure", [*FIGURES, "timeline"])
def test_a_search_without_candidates_has_empty_figures(service: Service, client: TestClient, figure: str) -> None:
    search = seed(service.store, 0)
    assert client.get(f"/v1/searches/{search.id}/{figure}").status_code == 200
    assert client.get(f"/v1/searches/search-000000000000/{figure}").status_code == 404


def test_a_drawing_is_a_picture_and_a_space_that_is_not_known_here_has_none(
    service: Service, client: TestClient
) -> None:
    search = seed(service.store, 1)
    (candidate_id,) = client.get(f"/v1/searches/{search.id}/points").json()["ids"]
    drawing = client.get(f"/v1/candidates/{candidate_id}/drawing")
    assert drawing.headers["Content-Type"].startswith("image/svg+xml")
    assert "Architecture of a mobilenet network" in drawing.text
    unprepared = seed(service.store, 1, space=None)
    (candidate_id,) = client.get(f"/v1/searches/{unprepared.id}/points").json()["ids"]
    refusal = client.get(f"/v1/candidates/{candidate_id}/drawing")
    assert (refusal.status_code, refusal.json()["type"].rsplit("/", 1)[-1]) == (409, "no-plan")
