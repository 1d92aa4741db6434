"""Relations and roles are what was said last, and nothing is written when nothing changed."""

from __future__ import annotations

from goldbridge.state import relation
from goldbridge.state.engine import Store
from goldbridge.state.relation import Relation, Role


def test_relations_are_replaced_per_child_and_basis(store: Store) -> None:
    branch, contact, asserted = (
        Relation("branch_of", 1, 10),
        Relation("contact_of", 2, 10, since="2025-01-01"),
        Relation("branch_of", 1, 11, "steward"),
    )
    with store.begin() as conn:
        assert relation.replace(conn, [1, 2], [branch, contact, branch]) == 2
        assert relation.replace(conn, [1], [asserted], basis="steward") == 1
        assert relation.replace(conn, [1, 2], [branch, contact]) == 0
        assert relation.touching(conn, [10]) == [branch, contact]
        assert relation.touching(conn, [1, 2]) == [branch, asserted, contact]
        assert relation.touching(conn, [1, 2], kinds=["contact_of"]) == [contact]
        moved = branch._replace(parent=12)
        assert relation.replace(conn, [1], [moved]) == 2
        assert relation.replace(conn, [2], []) == 1
        assert relation.touching(conn, [1, 2]) == [asserted, moved]
        assert relation.replace(conn, [], []) == 0
        assert relation.touching(conn, []) == []


def test_roles_keep_their_own_status(store: Store) -> None:
    customer = Role(1, "customer", status="active", owner="u1", anchor=7)
    dealer = Role(1, "dealer", "east", "pending", "applied", detail={"grade": "A"})
    with store.begin() as conn:
        assert relation.replace_roles(conn, [1, 2], [dealer, customer]) == 2
        assert relation.roles_of(conn, [1, 2]) == {1: [customer, dealer]}
        assert relation.replace_roles(conn, [1], [customer, dealer]) == 0
        approved = dealer._replace(qualification="approved")
        assert relation.replace_roles(conn, [1], [customer, approved]) == 1
        assert relation.roles_of(conn, [1])[1][1] == approved
        assert relation.replace_roles(conn, [1], [customer]) == 1
        assert relation.roles_of(conn, [1]) == {1: [customer]}
        assert relation.replace_roles(conn, [], []) == 0
        assert relation.roles_of(conn, []) == {}
